import { html } from "../ui/html.js";

export function KeysView() {
  return html`<h2>Keys</h2>`;
}
