// The box on the photo: which part of it is searched.
//
// A corner resizes it, its middle moves it, a mouse draws a new one beside it, and a tap
// beside it searches for what is there: a thing that was suggested, or what lies about.
// By keyboard: arrows move, with Shift they resize, Enter searches, Escape takes it back.
// A changed box is announced as an event, `part`; photo.js sends it.

const LEAST = 0.08; // of a side
const STEP = 0.04;
const TAPPED = 0.5; // of a side: the part about a tap
const STILL = 4; // pixels that a tap may slip
const ALL = [0, 0, 1, 1]; // left, top, right, bottom as shares of 1

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const isAll = (box) => box.every((share, side) => Math.abs(share - ALL[side]) < 0.005);

function moved([left, top, right, bottom], x, y) {
  const dx = clamp(x, -left, 1 - right);
  const dy = clamp(y, -top, 1 - bottom);
  return [left + dx, top + dy, right + dx, bottom + dy];
}

/** With the named corner (`nw`, `se` …) moved by so much. */
function resized([left, top, right, bottom], corner, x, y) {
  return [
    corner.includes("w") ? clamp(left + x, 0, right - LEAST) : left,
    corner.includes("n") ? clamp(top + y, 0, bottom - LEAST) : top,
    corner.includes("e") ? clamp(right + x, left + LEAST, 1) : right,
    corner.includes("s") ? clamp(bottom + y, top + LEAST, 1) : bottom,
  ];
}

function between([x, y], dx, dy) {
  const across = [clamp(x, 0, 1), clamp(x + dx, 0, 1)].sort((a, b) => a - b);
  const down = [clamp(y, 0, 1), clamp(y + dy, 0, 1)].sort((a, b) => a - b);
  return [across[0], down[0], across[1], down[1]];
}

function about([x, y]) {
  const [left, top] = [x, y].map((share) => clamp(share - TAPPED / 2, 0, 1 - TAPPED));
  return [left, top, left + TAPPED, top + TAPPED];
}

const holds = ([left, top, right, bottom], [x, y]) => x >= left && x <= right && y >= top && y <= bottom;
const area = ([left, top, right, bottom]) => (right - left) * (bottom - top);
const middle = ([left, top, right, bottom]) => moved(
  [0, 0, (right - left) / 2, (bottom - top) / 2], left + (right - left) / 4, top + (bottom - top) / 4,
);

/** Whether a tap there means this part: anywhere on a small one, the middle of others. */
const isMeant = (box, point) => holds(area(box) <= TAPPED ** 2 ? box : middle(box), point);

function read(text) {
  const [x, y, width, height] = (text || "0,0,1,1").split(",").map(Number);
  return [x, y, x + width, y + height];
}

function written(box) {
  if (isAll(box)) return "";
  const [left, top, right, bottom] = box;
  return [left, top, right - left, bottom - top].map((share) => share.toFixed(4)).join();
}

let focused = false; // whether the box was, when a part was sent

class Crop {
  constructor(frame) {
    this.frame = frame;
    this.element = frame.querySelector(".box");
    this.whole = document.querySelector("button.whole");
    this.sent = read(frame.dataset.box);
    this.show(this.sent);
    this.element.hidden = false;
    for (const dot of frame.querySelectorAll(".thing")) this.place(dot);
    if (focused) this.element.focus({ preventScroll: true });
    focused = false;
    frame.addEventListener("pointerdown", (event) => this.grab(event));
    // A finger that only taps scrolls nothing, so that a click follows.
    frame.addEventListener("click", (event) => this.scrolls && this.tap(event));
    this.element.addEventListener("keydown", (event) => this.press(event));
    this.whole.addEventListener("click", () => this.search(ALL));
  }

  show(box) {
    this.box = box;
    const [left, top, right, bottom] = box.map((share) => share * 100);
    this.element.style.inset = `${top}% ${100 - right}% ${100 - bottom}% ${left}%`;
    this.element.classList.toggle("all", isAll(box));
    this.whole.hidden = isAll(box);
  }

  /** The dot of a suggested part: in its middle, gone while it is the part itself. */
  place(dot) {
    const [left, top, right, bottom] = read(dot.dataset.box);
    dot.style.left = `${50 * (left + right)}%`;
    dot.style.top = `${50 * (top + bottom)}%`;
    dot.hidden = dot.dataset.box === this.frame.dataset.box;
  }

  search(box) {
    this.show(box);
    if (written(box) === written(this.sent)) return;
    this.sent = box;
    focused = document.activeElement === this.element;
    this.frame.dispatchEvent(new CustomEvent("part", { bubbles: true, detail: written(box) }));
  }

  /** What dragging from here does to the box, or null: a finger there scrolls the page. */
  action({ target, pointerType, clientX, clientY }) {
    if (target.matches(".thing")) return null;
    const { corner } = target.dataset;
    const start = this.box;
    if (corner) return (x, y) => resized(start, corner, x, y);
    const inside = target === this.element && !isAll(start);
    if (inside) return (x, y) => moved(start, x, y);
    if (pointerType === "touch") return null;
    const from = this.at({ clientX, clientY });
    return (x, y) => between(from, x, y);
  }

  /** Where on the photo that is, as shares of its sides. */
  at({ clientX, clientY }) {
    const { left, top, width, height } = this.frame.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  /** Search for what is there: the least thing suggested there, or what lies about. */
  tap(event) {
    const point = this.at(event);
    const isBox = event.target.closest(".box i") || (!isAll(this.box) && holds(this.box, point));
    if (isBox || event.target.matches(".thing")) return;
    const [thing] = [...this.frame.querySelectorAll(".thing:not([hidden])")]
      .filter((dot) => isMeant(read(dot.dataset.box), point))
      .sort((one, other) => area(read(one.dataset.box)) - area(read(other.dataset.box)));
    if (thing) thing.click();
    else this.search(about(point));
  }

  grab(event) {
    const act = event.button === 0 && this.action(event);
    this.scrolls = !act;
    if (!act) return;
    event.preventDefault();
    this.element.focus({ preventScroll: true });
    this.frame.setPointerCapture(event.pointerId);
    const before = this.box;
    const { width, height } = this.frame.getBoundingClientRect();
    const drag = ({ clientX, clientY }) => this.show(
      act((clientX - event.clientX) / width, (clientY - event.clientY) / height),
    );
    const release = ({ type, clientX, clientY }) => {
      this.frame.removeEventListener("pointermove", drag);
      this.frame.removeEventListener("pointerup", release);
      this.frame.removeEventListener("pointercancel", release);
      const [left, top, right, bottom] = this.box;
      const tooSmall = right - left < LEAST || bottom - top < LEAST;
      const slipped = Math.hypot(clientX - event.clientX, clientY - event.clientY);
      if (type === "pointercancel" || tooSmall) this.show(before);
      else this.search(this.box);
      if (type === "pointerup" && slipped < STILL) this.tap(event);
    };
    this.frame.addEventListener("pointermove", drag);
    this.frame.addEventListener("pointerup", release);
    this.frame.addEventListener("pointercancel", release);
  }

  press(event) {
    const way = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (way && event.shiftKey) this.show(resized(this.box, "se", ...way));
    else if (way) this.show(moved(this.box, ...way));
    else if (event.key === "Enter") this.search(this.box);
    else if (event.key === "Escape") this.show(this.sent);
    else return;
    event.preventDefault();
  }
}

document.addEventListener("shown", ({ target }) => {
  const frame = target.closest(".crop");
  if (frame.querySelector(".box")) new Crop(frame);
});
