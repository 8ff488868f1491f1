import { html } from "../ui/html.js";

export function GalleryView() {
  return html`<h2>Gallery</h2>`;
}
