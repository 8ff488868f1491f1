/** Whether the page is as narrow as on a phone; phone.css begins at the same width. */

import { signal } from "../ui/html.js";

const narrow = matchMedia("(max-width: 40rem)");

export const phone = signal(narrow.matches);
narrow.addEventListener("change", ({ matches }) => { phone.value = matches; });
