/** Opens pictures in the viewer, which is loaded when the first is. */

/**
 * @param {(Picture | Past)[]} pictures  through which the reader may go
 * @param {number} index  of the one that is opened
 * @param {{onDelete?: (picture: Past) => void}} [options]  `onDelete`: where they lie elsewhere than in this browser
 */
export async function openViewer(pictures, index, options) {
  const { open } = await import("../viewer/viewer.js");
  open(pictures, index, options);
}
