/** Where a picture lies in a window, and how large: fitted at first, then as the reader drags, turns and pinches. */

const MOST = 8;
const STEP = 1.25;
const SWIPE_PIXELS = 60;

export class Zoom {
  /**
   * @param {HTMLElement} frame
   * @param {{onChange: (percent: number) => void, onSwipe: (by: number) => void}} heard
   */
  constructor(frame, { onChange, onSwipe }) {
    this.frame = frame;
    this.onChange = onChange;
    this.onSwipe = onSwipe;
    this.size = { width: 1, height: 1 };
    this.place = { scale: 1, x: 0, y: 0 };
    this.fitted = true;
    /** @type {Map<number, PointerEvent>} */
    this.pointers = new Map();
    this.moved = 0;
  }

  /** Hears the frame until `signal` is aborted. @param {AbortSignal} signal */
  listen(signal) {
    const { frame } = this;
    const observer = new ResizeObserver(() => (this.fitted ? this.fit() : this.#show()));
    observer.observe(frame);
    signal.addEventListener("abort", () => observer.disconnect());
    frame.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.by(STEP ** (-event.deltaY / 100), event);
    }, { passive: false, signal });
    frame.addEventListener("dblclick", (event) => (this.fitted ? this.by(1 / this.place.scale, event) : this.fit()), { signal });
    frame.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      if (this.pointers.size === 0) this.moved = 0;
      this.pointers.set(event.pointerId, event);
      /** @type {Element} */ (event.target).setPointerCapture(event.pointerId); // a veil is clicked at
    }, { signal });
    frame.addEventListener("pointermove", (event) => this.#move(event), { signal });
    for (const kind of /** @type {const} */ (["pointerup", "pointercancel"])) frame.addEventListener(kind, (event) => this.#end(event), { signal });
  }

  /** @param {{width: number, height: number}} size  of another picture, in pixels */
  take(size) {
    this.size = size;
    this.fit();
  }

  get #fitting() {
    const { clientWidth, clientHeight } = this.frame;
    return Math.min(1, clientWidth / this.size.width, clientHeight / this.size.height) || 1;
  }

  fit() {
    this.place = { scale: this.#fitting, x: 0, y: 0 };
    this.fitted = true;
    this.#show();
  }

  /**
   * @param {number} factor
   * @param {{clientX: number, clientY: number}} [at]  what stays where it is; without it the middle does
   */
  by(factor, at) {
    const { left, top, width, height } = this.frame.getBoundingClientRect();
    const [x, y] = at ? [at.clientX - left - width / 2, at.clientY - top - height / 2] : [0, 0];
    const scale = Math.min(MOST, Math.max(this.#fitting, this.place.scale * factor));
    const grown = scale / this.place.scale;
    this.place = { scale, x: x - (x - this.place.x) * grown, y: y - (y - this.place.y) * grown };
    this.fitted = scale <= this.#fitting;
    this.#show();
  }

  /** @param {number} steps */
  step(steps) {
    this.by(STEP ** steps);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const earlier = this.pointers.get(event.pointerId);
    if (!earlier) return;
    const other = [...this.pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    this.pointers.set(event.pointerId, event);
    const [across, down] = [event.clientX - earlier.clientX, event.clientY - earlier.clientY];
    if (other) {
      /** @param {PointerEvent} one */
      const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      this.moved = NaN; // no swipe
      this.by(apart(event) / apart(earlier), { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 });
    } else if (this.fitted) {
      this.moved += across;
    } else {
      this.place = { ...this.place, x: this.place.x + across, y: this.place.y + down };
      this.#show();
    }
  }

  /** @param {PointerEvent} event */
  #end(event) {
    if (!this.pointers.delete(event.pointerId) || this.pointers.size > 0) return;
    if (this.fitted && event.type === "pointerup" && Math.abs(this.moved) > SWIPE_PIXELS) this.onSwipe(this.moved > 0 ? -1 : 1);
  }

  /** No further than its edge. */
  #show() {
    const { clientWidth, clientHeight, style } = this.frame;
    const { scale } = this.place;
    /** @param {number} value @param {number} side @param {number} room */
    const within = (value, side, room) => {
      const most = Math.max(0, (side * scale - room) / 2);
      return Math.min(most, Math.max(-most, value));
    };
    const [x, y] = [within(this.place.x, this.size.width, clientWidth), within(this.place.y, this.size.height, clientHeight)];
    this.place = { scale, x, y };
    style.setProperty("--width", `${this.size.width * scale}px`);
    style.setProperty("--height", `${this.size.height * scale}px`);
    style.setProperty("--x", `${x}px`);
    style.setProperty("--y", `${y}px`);
    this.frame.toggleAttribute("data-zoomed", !this.fitted);
    this.onChange(Math.round(scale * 100));
  }
}
