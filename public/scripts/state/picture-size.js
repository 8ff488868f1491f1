/** The size nearest to a picture's own that a model paints. */

/** Sides of the squares that have as many pixels. */
export const TIERS = /** @type {Record<string, number>} */ ({ "512": 512, "1K": 1024, "2K": 2048, "4K": 4096 });

/**
 * @param {Sizes | undefined} sizes
 * @param {Extent} extent
 * @param {string} [tier]  where the reader chose one
 * @returns {Record<string, string>} the fields that ask for it; none where nothing is known of the model
 */
export function sizeLike(sizes, { width, height }, tier) {
  if (!sizes) return {};
  /** By shape first, then by pixels. @template T @param {[T, number, number][]} known */
  const nearest = (known) => known.sort((one, other) => far(one) - far(other))[0]?.[0];
  /** @param {[unknown, number, number]} size */
  const far = ([, wide, high]) => 100 * distance(wide / high, width / height) + distance(wide * high, width * height);
  const listed = (sizes.sizes ?? []).map((size) => withSides(size, size));
  const shapes = Object.entries(sizes.ratios ?? {}).map(([ratio, size]) => withSides(ratio, size));
  if (sizes.policy === "free") return { size: freeSize(sizes, width, height, tier) };
  if (sizes.policy === "list") return asField("size", nearest(listed));
  const ratio = nearest(shapes);
  if (sizes.policy === "ratio") return asField("size", ratio && sizes.ratios?.[ratio]);
  const tiers = (sizes.tiers ?? []).map((name) => /** @type {[string, number]} */ ([name, distance(TIERS[name] ** 2, width * height)]));
  const [[likeliest] = [undefined]] = tiers.sort(([, one], [, other]) => one - other);
  return { ...asField("aspect_ratio", ratio), ...asField("size", tier ?? likeliest) };
}

/**
 * @param {Sizes} sizes
 * @param {number} width
 * @param {number} height
 * @param {string} [tier]
 */
function freeSize({ minimum = 64, maximum = 4096, multiple = 8, max_pixels: most = Infinity, max_ratio: longest = Infinity }, width, height, tier) {
  const ratio = Math.min(longest, Math.max(1 / longest, width / height));
  const area = tier ? TIERS[tier] ** 2 : width * height;
  const [wide, high] = [Math.sqrt(area * ratio), Math.sqrt(area / ratio)];
  const smaller = Math.min(1, maximum / Math.max(wide, high), Math.sqrt(most / area));
  const scale = Math.max(smaller, minimum / Math.min(wide, high));
  /** @param {(x: number) => number} round */
  const sides = (round) => [wide, high].map((side) => {
    const rounded = round(side * scale / multiple + 1e-9) * multiple;
    return Math.min(Math.floor(maximum / multiple) * multiple, Math.max(Math.ceil(minimum / multiple) * multiple, rounded));
  });
  const near = sides(Math.round);
  const fits = near[0] * near[1] <= most && Math.max(near[0] / near[1], near[1] / near[0]) <= longest;
  return (fits ? near : sides(Math.floor)).join("x");
}

/** @param {number} one @param {number} other */
const distance = (one, other) => Math.abs(Math.log(one / other));

/** @param {string} name @param {string} size @returns {[string, number, number]} */
function withSides(name, size) {
  const [wide, high] = size.split("x").map(Number);
  return [name, wide, high];
}

/** @param {string} name @param {string | undefined} value @returns {Record<string, string>} */
const asField = (name, value) => (value ? { [name]: value } : {});
