/** A button of the viewer: a drawing, and a name for whoever does not see it. */

import { html } from "../ui/html.js";

/** Lines on a sheet of 24 by 24. */
const LINES = {
  before: "M12 4a8 8 0 0 1 0 16zM12 4a8 8 0 0 0 0 16",
  close: "m6 6 12 12M18 6 6 18",
  download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  edit: "m4 20 1-5L16 4l4 4L9 19zM14 6l4 4",
  info: "M12 11v6m0-10h.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
  larger: "M12 5v14M5 12h14",
  next: "m9 5 7 7-7 7",
  previous: "m15 5-7 7 7 7",
  remove: "M4 7h16m-10 0V4h4v3M6 7l1 13h10l1-13",
  share: "M12 15V4m-4 4 4-4 4 4M5 12v8h14v-8",
  smaller: "M5 12h14",
  star: "m12 3 2.7 5.9 6.3.7-4.7 4.3 1.3 6.3L12 17l-5.6 3.2 1.3-6.3L3 9.6l6.3-.7z",
};

/**
 * @param {{name: keyof typeof LINES, label: string, onClick: () => unknown, pressed?: boolean, side?: "start" | "end"}} props
 *   `pressed`: of one that switches; `side`: of the picture, where it stands there
 */
export const Button = ({ name, label, onClick, pressed, side }) => html`
  <button class="button button-quiet viewer-button" type="button" aria-label=${label} title=${label} aria-pressed=${pressed} data-side=${side} onClick=${onClick}>
    <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${LINES[name]} /></svg>
  </button>`;
