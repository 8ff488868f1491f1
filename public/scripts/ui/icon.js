/** Small drawings for buttons; the button says in words what it does. */

import { html } from "./html.js";

/** Lines on a sheet of 24 by 24. */
const LINES = {
  add: "M12 5v14M5 12h14",
  compare: "M4 5h7v14H4zM13 5h7v14h-7z",
  create: "M12 3v5m0 8v5M3 12h5m8 0h5M6 6l3 3m6 6 3 3m0-12-3 3m-6 6-3 3",
  download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  edit: "m4 20 1-5L16 4l4 4L9 19zM14 6l4 4",
  gallery: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  keys: "M8 16a4 4 0 1 1 3.5-6H21v4h-3v2h-3v-2h-3.5A4 4 0 0 1 8 16z",
  layers: "m12 4-9 5 9 5 9-5zM3 14l9 5 9-5",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  send: "M12 20V5m-6 6 6-6 6 6",
  settings: "M4 7h9m4 0h3M4 17h3m4 0h9M15 5v4M9 15v4",
  upscale: "M14 4h6v6m0-6-7 7M10 20H4v-6m0 6 7-7",
  vary: "M4 11a8 8 0 0 1 14-4l2 2m0-5v5h-5M20 13a8 8 0 0 1-14 4l-2-2m0 5v-5h5",
};

/** @param {{name: keyof typeof LINES}} props */
export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${LINES[name]} /></svg>`;
