// Boxes over a picture, each with its digit: text that is typed, boxes that are split, merged, added, moved, deleted.
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const STEP = 0.01; // of the picture's width, by which a key moves a box or its corner
const CLICK = 6; // pixels that the mouse may move during a click

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".editor");
  if (root.editor?.name !== data.name) root.editor = new Editor(root, data);
  root.editor.send = (boxes, pending) => setStateValue("edited", { name: data.name, boxes, pending });
}

class Editor {
  constructor(root, { name, picture, width, height, boxes, pending }) {
    Object.assign(this, { name, width, height, boxes, pending });
    this.page = root.querySelector(".page");
    this.image = root.querySelector("img");
    this.input = root.querySelector("input");
    this.status = root.querySelector(".status");
    this.buttons = root.querySelectorAll("button");
    // boxes: in reading order, each with its corners x0, y0, x1, y1 in pixels of the picture, its line, its digit or "";
    // pending: text that was typed, and has another number of digits than there are boxes.
    this.history = []; // for undo
    this.selected = 0;
    this.image.src = picture;
    this.input.value = pending || textOf(boxes);
    this.input.oninput = () => this.assign(this.input.value);
    for (const button of this.buttons) button.onclick = () => this.act(button.dataset.action);
    this.page.onkeydown = (event) => this.handleKey(event);
    this.page.onpointerdown = (event) => this.handlePointer(event);
    this.render();
  }

  // ---- changes

  act(action) {
    this[action]();
    this.page.querySelectorAll(".box")[this.selected]?.focus();
  }

  // Make boxes the new ones, with one selected; those of a pending text are labelled if it has as many digits now.
  change(boxes, selected = null) {
    this.history.push({ boxes: this.boxes, pending: this.pending });
    this.boxes = sort(boxes);
    const index = selected ? this.boxes.indexOf(selected) : this.selected;
    this.selected = Math.max(0, Math.min(index, this.boxes.length - 1));
    if (this.pending) this.assign(this.pending);
    else this.update();
    this.input.value = this.pending || textOf(this.boxes);
  }

  replace(count, ...boxes) {
    this.change(this.boxes.toSpliced(this.selected, count, ...boxes), boxes[0]);
  }

  remove() {
    if (this.boxes.length) this.replace(1);
  }

  split() {
    const box = this.boxes[this.selected];
    if (!box || box.corners[2] - box.corners[0] < 2) return;
    const [x0, y0, x1, y1] = box.corners;
    const x = this.emptiestColumn(box.corners);
    this.replace(1, { ...box, corners: [x0, y0, x, y1], digit: "" }, { ...box, corners: [x, y0, x1, y1], digit: "" });
  }

  merge() {
    const [a, b] = this.boxes.slice(this.selected, this.selected + 2);
    if (b) this.replace(2, { line: a.line, digit: "", corners: union(a.corners, b.corners) });
  }

  add() {
    const [x0, y0, x1, y1] = this.boxes[this.selected]?.corners ?? [0, 0, this.width / 5, this.height / 2];
    const left = Math.min(x1, this.width - (x1 - x0)); // beside the selected box
    this.addBox([left, y0, left + x1 - x0, y1].map(Math.round));
  }

  addBox(corners) {
    const middle = (corners[1] + corners[3]) / 2;
    const beside = this.boxes.find(({ corners: [, y0, , y1] }) => y0 <= middle && middle < y1);
    const box = { corners, digit: "", line: beside?.line ?? this.newLine(middle) };
    this.change([...this.boxes, box], box);
  }

  newLine(middle) {
    const above = this.boxes.filter(({ corners }) => (corners[1] + corners[3]) / 2 < middle);
    return Math.max(-1, ...above.map(({ line }) => line)) + 0.5; // between two lines: only their order counts
  }

  undo() {
    if (!this.history.length) return;
    Object.assign(this, this.history.pop());
    this.selected = Math.max(0, Math.min(this.selected, this.boxes.length - 1));
    this.input.value = this.pending || textOf(this.boxes);
    this.update();
  }

  setDigit(digit) {
    const box = { ...this.boxes[this.selected], digit };
    this.pending = "";
    this.change(this.boxes.with(this.selected, box), box);
    this.selected = Math.min(this.selected + 1, this.boxes.length - 1);
  }

  resize(corners) {
    const [x0, y0, x1, y1] = corners.map(Math.round);
    if (x0 < 0 || y0 < 0 || x1 > this.width || y1 > this.height || x1 - x0 < 2 || y1 - y0 < 2) return;
    const box = { ...this.boxes[this.selected], corners: [x0, y0, x1, y1] };
    this.change(this.boxes.with(this.selected, box), box);
  }

  // Give the digits of a text to all boxes, or to those with a digit, if there are as many.
  assign(text) {
    const digits = text.replace(/\D/g, "");
    const labelled = this.boxes.filter(({ digit }) => digit);
    const targets = [this.boxes, labelled].find((boxes) => boxes.length === digits.length);
    this.pending = targets ? "" : text;
    const digitOf = new Map(targets?.map((box, i) => [box, digits[i]]));
    this.boxes = this.boxes.map((box) => ({ ...box, digit: digitOf.get(box) ?? box.digit }));
    this.update();
  }

  update() {
    this.render();
    this.send(this.boxes, this.pending);
  }

  emptiestColumn([x0, y0, x1, y1]) {
    const canvas = document.createElement("canvas");
    const [scaleX, scaleY] = [this.image.naturalWidth / this.width, this.image.naturalHeight / this.height];
    canvas.width = Math.max(1, Math.round((x1 - x0) * scaleX));
    canvas.height = Math.max(1, Math.round((y1 - y0) * scaleY));
    const context = canvas.getContext("2d");
    context.drawImage(this.image, -x0 * scaleX, -y0 * scaleY);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const green = data.filter((_, i) => i % 4 === 1);
    const paper = green.toSorted()[green.length >> 1];
    const middle = canvas.width / 2;
    let [best, least] = [middle, Infinity];
    for (let x = Math.ceil(0.3 * canvas.width); x <= 0.7 * canvas.width; x++) {
      let strokes = Math.abs(x - middle); // the middle, where columns are alike
      for (let i = x; i < green.length; i += canvas.width) strokes += Math.abs(green[i] - paper);
      if (strokes < least) [best, least] = [x, strokes];
    }
    return Math.min(x1 - 1, Math.max(x0 + 1, Math.round(x0 + best / scaleX)));
  }

  // ---- keys, mouse, finger

  handleKey(event) {
    if (!event.target.classList.contains("box")) return;
    const action = this.actionFor(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has keys of its own
    action();
    this.page.querySelectorAll(".box")[this.selected]?.focus();
  }

  actionFor({ key, ctrlKey, metaKey, shiftKey, altKey }) {
    if (altKey) return null;
    if (key in ARROWS) return () => this.handleArrow(ARROWS[key], shiftKey, ctrlKey || metaKey);
    if (ctrlKey || metaKey) return key.toLowerCase() === "z" ? () => this.undo() : null;
    if (/^[0-9]$/.test(key)) return () => this.setDigit(key);
    const actions = { delete: "remove", backspace: "remove", m: "merge", s: "split", n: "add" };
    const name = actions[key.toLowerCase()];
    return name ? () => this[name]() : null;
  }

  handleArrow([right, down], moves, resizes) {
    const [x0, y0, x1, y1] = this.boxes[this.selected].corners;
    const step = Math.max(1, STEP * this.width);
    const [dx, dy] = [right * step, down * step];
    if (moves) this.resize([x0 + dx, y0 + dy, x1 + dx, y1 + dy]);
    else if (resizes) this.resize([x0, y0, x1 + dx, y1 + dy]);
    else this.selected = Math.min(this.boxes.length - 1, Math.max(0, this.selected + right + down));
  }

  handlePointer(event) {
    if (event.button !== 0) return;
    event.preventDefault(); // of dragging the picture
    const start = this.toPicture(event);
    const corner = event.target.closest(".corner");
    const frame = document.createElement("div");
    frame.className = "drawn";
    let corners = [...start, ...start];
    this.page.setPointerCapture(event.pointerId);
    this.page.onpointermove = (move) => {
      const point = this.toPicture(move);
      if (corner) corners = this.dragCorner(corner, point);
      else corners = [0, 1].map((i) => Math.min(start[i], point[i])).concat([0, 1].map((i) => Math.max(start[i], point[i])));
      this.place(frame, corners);
      this.page.append(frame);
    };
    this.page.onpointerup = this.page.onpointercancel = (end) => {
      this.page.onpointermove = this.page.onpointerup = this.page.onpointercancel = null;
      frame.remove();
      const moved = Math.hypot(end.clientX - event.clientX, end.clientY - event.clientY) > CLICK;
      if (end.type === "pointerup" && moved) this.finishDrag(corner, corners);
      else if (!moved) this.selected = this.boxAt(start);
      this.page.querySelectorAll(".box")[this.selected]?.focus();
    };
  }

  finishDrag(corner, corners) {
    if (corner) this.resize(corners);
    else if (corners[2] - corners[0] > 2 && corners[3] - corners[1] > 2) this.addBox(corners);
  }

  dragCorner(corner, [x, y]) {
    const [x0, y0, x1, y1] = this.boxes[this.selected].corners;
    return corner.classList.contains("first")
      ? [Math.min(x, x1 - 2), Math.min(y, y1 - 2), x1, y1]
      : [x0, y0, Math.max(x, x0 + 2), Math.max(y, y0 + 2)];
  }

  // The smallest box at a point, or the selected one.
  boxAt([x, y]) {
    const area = ({ corners: [x0, y0, x1, y1] }) => (x1 - x0) * (y1 - y0);
    const hits = this.boxes.filter(({ corners: [x0, y0, x1, y1] }) => x0 <= x && x < x1 && y0 <= y && y < y1);
    const box = hits.toSorted((a, b) => area(a) - area(b))[0];
    return box ? this.boxes.indexOf(box) : this.selected;
  }

  toPicture({ clientX, clientY }) {
    const { left, top, width, height } = this.image.getBoundingClientRect();
    const clamp = (value, max) => Math.min(max, Math.max(0, Math.round(value)));
    return [
      clamp(((clientX - left) * this.width) / width, this.width),
      clamp(((clientY - top) * this.height) / height, this.height),
    ];
  }

  // ---- display

  render() {
    this.page.querySelectorAll(".box").forEach((box) => box.remove());
    this.page.append(...this.boxes.map((box, i) => this.makeBox(box, i)));
    for (const button of this.buttons) button.disabled = !this.can(button.dataset.action);
    this.status.textContent = this.describe();
  }

  can(action) {
    if (action === "undo") return this.history.length > 0;
    return action === "add" || this.boxes.length > (action === "merge" ? 1 : 0);
  }

  describe() {
    const count = this.pending.replace(/\D/g, "").length;
    if (this.pending) return `${count} digits, but ${this.boxes.length} boxes: split, merge, add or delete boxes.`;
    const empty = this.boxes.filter(({ digit }) => !digit).length;
    return empty ? `Boxes without a digit are not saved: ${empty}.` : "Each digit has its box.";
  }

  makeBox({ corners, digit }, i) {
    const box = document.createElement("div");
    box.className = digit ? "box" : "box empty";
    box.tabIndex = 0;
    box.setAttribute("role", "button");
    box.setAttribute("aria-label", `Box ${i + 1} of ${this.boxes.length}: ${digit || "no digit"}`);
    box.onfocus = () => (this.selected = i);
    this.place(box, corners);
    for (const name of ["label", "corner first", "corner"]) {
      const part = document.createElement("span");
      part.className = name;
      if (name === "label") part.textContent = digit || "?";
      box.append(part);
    }
    return box;
  }

  place(element, [x0, y0, x1, y1]) {
    element.style.left = `${(100 * x0) / this.width}%`;
    element.style.top = `${(100 * y0) / this.height}%`;
    element.style.width = `${(100 * (x1 - x0)) / this.width}%`;
    element.style.height = `${(100 * (y1 - y0)) / this.height}%`;
  }
}

const sort = (boxes) => boxes.toSorted((a, b) => a.line - b.line || a.corners[0] - b.corners[0]);

const union = (a, b) => [0, 1].map((i) => Math.min(a[i], b[i])).concat([2, 3].map((i) => Math.max(a[i], b[i])));

function textOf(boxes) {
  const lines = new Map();
  for (const { line, digit } of boxes) lines.set(line, (lines.get(line) ?? "") + digit);
  return [...lines.values()].filter(Boolean).join(" | ");
}
