import { html } from "../ui/html.js";

export function LayersView() {
  return html`<h2>Layers</h2>`;
}
