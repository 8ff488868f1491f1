/** What a pointer draws on a picture: a line of the brush, a rectangle or a lasso. */

/** @typedef {"brush" | "eraser" | "rectangle" | "lasso"} Tool */

/**
 * @param {{tool: Tool, points: number[][], line: number, straight: boolean, erases: boolean}} drawn
 *   points: all that the pointer went through; line: the width of the brush; straight: from the first to the last
 * @returns {Stroke}
 */
export function strokeOf({ tool, points, line, straight, erases }) {
  const globalCompositeOperation = erases || tool === "eraser" ? "destination-out" : "source-over";
  const [first, last] = [points[0], points[points.length - 1]];
  if (tool === "lasso") return { globalCompositeOperation, lineWidth: 1, lineCap: "round", points, fill: true };
  if (tool !== "rectangle") return { globalCompositeOperation, lineWidth: line, lineCap: "round", points: straight ? [first, last] : points };
  const [left, right] = [Math.min(first[0], last[0]), Math.max(first[0], last[0])].map(Math.round);
  const [top, bottom] = [Math.min(first[1], last[1]), Math.max(first[1], last[1])].map(Math.round);
  return boxOf(globalCompositeOperation, left, top, right - left, bottom - top);
}

/**
 * A rectangle is a thick line.
 * @param {string} globalCompositeOperation
 * @param {number} left
 * @param {number} top
 * @param {number} wide
 * @param {number} high
 * @returns {Stroke}
 */
export function boxOf(globalCompositeOperation, left, top, wide, high) {
  const middle = top + high / 2;
  return { globalCompositeOperation, lineWidth: high, lineCap: "butt", points: [[left, middle], [left + wide, middle]] };
}
