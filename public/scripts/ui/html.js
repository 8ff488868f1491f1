/** The view library, in the one form in which this page uses it. */

import htm from "../../vendor/htm.js";
import { h } from "../../vendor/preact.js";
import { useState } from "../../vendor/preact-hooks.js";

export { Fragment, render } from "../../vendor/preact.js";
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "../../vendor/preact-hooks.js";
export { batch, computed, effect, signal, useComputed, useSignal, useSignalEffect } from "../../vendor/signals.js";

/** Writes elements as a template. They become DOM nodes one by one: no HTML is ever made from text. */
export const html = htm.bind(h);

let ids = 0;

/** An id that no other element has. Preact's own are counted anew in each tree, and the viewer is a tree beside the page's. */
export function useId() {
  const [id] = useState(() => `id-${ids++}`);
  return id;
}
