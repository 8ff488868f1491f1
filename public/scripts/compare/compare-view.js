import { html } from "../ui/html.js";

export function CompareView() {
  return html`<h2>Compare</h2>`;
}
