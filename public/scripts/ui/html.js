/** The view library, in the one form in which this page uses it. */

import htm from "../../vendor/htm.js";
import { h } from "../../vendor/preact.js";

export { Fragment, render } from "../../vendor/preact.js";
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "../../vendor/preact-hooks.js";
export { batch, computed, effect, signal, useComputed, useSignal, useSignalEffect } from "../../vendor/signals.js";

/** @typedef {import("../../vendor/preact.js").ComponentChildren} Children */
/** @typedef {import("../../vendor/preact.js").VNode} VNode */
/**
 * @template T
 * @typedef {import("../../vendor/signals.js").Signal<T>} Signal
 */
/**
 * @template T
 * @typedef {import("../../vendor/signals.js").ReadonlySignal<T>} ReadonlySignal
 */

/** Writes elements as a template. They become DOM nodes one by one: no HTML is ever made from text. */
export const html = htm.bind(h);
