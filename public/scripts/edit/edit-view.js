import { html } from "../ui/html.js";

export function EditView() {
  return html`<h2>Edit</h2>`;
}
