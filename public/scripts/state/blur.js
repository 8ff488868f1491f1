/** Whether pictures stay blurred until each is asked for: no gateway can tell what is not for everyone. */

import { effect, signal } from "../ui/html.js";
import { readText, writeText } from "./storage.js";

const STORAGE_KEY = "darkroom.blur";

export const blur = signal(readText(localStorage, STORAGE_KEY) === "on");

effect(() => {
  document.documentElement.toggleAttribute("data-blur", blur.value);
  writeText(localStorage, STORAGE_KEY, blur.value ? "on" : null);
});
