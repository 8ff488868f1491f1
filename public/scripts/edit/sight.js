/** How a picture is seen: how large, and which part of it. It is moved by a style, so nothing is drawn anew. */

import { signal } from "../ui/html.js";

const MOST = 16;

export class Sight {
  /** @param {() => HTMLElement | null} sheet  what is moved */
  constructor(sheet) {
    this.sheet = sheet;
    /** Times what fits. */
    this.zoom = signal(1);
    [this.x, this.y] = [0, 0];
  }

  /**
   * The point at which one looks stays where it is.
   * @param {number} factor
   * @param {number} [clientX]  without it, the middle
   * @param {number} [clientY]
   */
  enlarge(factor, clientX, clientY) {
    const box = this.sheet()?.getBoundingClientRect();
    if (!box) return;
    const [before, after] = [this.zoom.value, Math.min(MOST, Math.max(1, this.zoom.value * factor))];
    this.zoom.value = after;
    const kept = 1 - after / before;
    this.move(((clientX ?? box.left + box.width / 2) - box.left) * kept, ((clientY ?? box.top + box.height / 2) - box.top) * kept);
  }

  /** @param {number} right @param {number} down  in pixels of the screen */
  move(right, down) {
    const sheet = this.sheet();
    if (!sheet) return;
    const slack = 1 - this.zoom.value; // its edges do not come into what it fills
    this.x = Math.min(0, Math.max(sheet.offsetWidth * slack, this.x + right));
    this.y = Math.min(0, Math.max(sheet.offsetHeight * slack, this.y + down));
    sheet.style.transform = slack ? `translate(${this.x}px, ${this.y}px) scale(${this.zoom.value})` : "";
  }
}
