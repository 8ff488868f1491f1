/** A picture of the page's own that is being dragged: what is shown of it may be small, what is meant is the file. */

/** @type {{current: Blob | null}} */
export const carried = { current: null };

/** What a frame needs so that its picture can be dragged. @param {Blob | undefined} blob */
export const carrying = (blob) => blob && {
  draggable: true,
  onDragStart: (/** @type {DragEvent} */ { dataTransfer }) => {
    dataTransfer?.setData("application/x-picture", "1"); // Firefox drags nothing without
    carried.current = blob;
  },
};
