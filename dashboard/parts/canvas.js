// A page to draw digits on, by mouse, pen, finger or keyboard; each change is told, and what was read is marked.
const STEP = 10; // pixels that an arrow key moves the pen; with Shift, FINE
const FINE = 2;
const [INK, PAGE, PEN] = ["#000000", "#ffffff", "#d55e00"];
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".drawing");
  root.page ??= new Page(root, data);
  root.page.send = (drawing) => setStateValue("drawing", drawing);
  root.page.mark(data);
}

class Page {
  constructor(root, { strokes, version }) {
    this.canvas = root.querySelector("canvas");
    this.brush = this.canvas.getContext("2d");
    this.pen = root.querySelector("input");
    this.status = root.querySelector(".status");
    this.strokes = strokes;
    this.version = version; // of the drawing: what was read in an older one is not marked
    this.stroke = null; // the one that is being drawn
    this.digits = [];
    this.point = [this.canvas.width / 2, this.canvas.height / 2]; // of the pen that keys move
    this.listenToPointer();
    this.listenToKeys(root);
    root.querySelector(".undo").onclick = () => this.undo();
    root.querySelector(".clear").onclick = () => this.clear();
    this.paint();
  }

  listenToPointer() {
    let pointer = null; // a second finger draws nothing
    const at = (event) => {
      const { left, top, width, height } = this.canvas.getBoundingClientRect();
      const x = ((event.clientX - left) * this.canvas.width) / width;
      const y = ((event.clientY - top) * this.canvas.height) / height;
      return [Math.round(x), Math.round(y)];
    };
    this.canvas.onpointerdown = (event) => {
      if (pointer !== null || event.button !== 0) return;
      this.end();
      pointer = event.pointerId;
      this.canvas.setPointerCapture(pointer);
      this.begin(at(event));
    };
    this.canvas.onpointermove = (event) => {
      if (event.pointerId === pointer) this.extend(at(event));
    };
    this.canvas.onpointerup = this.canvas.onpointercancel = (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      this.end();
    };
  }

  listenToKeys(root) {
    root.onkeydown = (event) => {
      const act = this.actionOf(event);
      if (!act) return;
      event.preventDefault();
      act();
    };
    this.canvas.onfocus = () => this.paint();
    this.canvas.onblur = () => {
      this.end();
      this.paint();
    };
  }

  actionOf(event) {
    if (event.key === "Escape") return () => this.clear();
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) return () => this.undo();
    if (event.target !== this.canvas || event.ctrlKey || event.metaKey || event.altKey) return null;
    if (event.key === " ") return () => this.togglePen();
    if (event.key in ARROWS) return () => this.movePen(ARROWS[event.key], event.shiftKey ? FINE : STEP);
    return null;
  }

  togglePen() {
    this.status.textContent = this.stroke ? "Pen up" : "Pen down";
    if (this.stroke) this.end();
    else this.begin(this.point);
  }

  movePen([right, down], step) {
    const within = (value, most) => Math.min(most, Math.max(0, value));
    const [x, y] = this.point;
    this.point = [within(x + right * step, this.canvas.width), within(y + down * step, this.canvas.height)];
    if (this.stroke) this.extend(this.point);
    else this.paint();
  }

  begin(point) {
    this.digits = [];
    this.stroke = { width: Number(this.pen.value), points: [point] };
    this.strokes.push(this.stroke);
    this.paint();
  }

  extend(point) {
    this.stroke.points.push(point);
    this.paint();
  }

  end() {
    if (!this.stroke) return;
    this.stroke = null;
    this.tell();
  }

  undo() {
    if (!this.strokes.length) return;
    this.stroke = null;
    this.strokes.pop();
    this.tell();
  }

  clear() {
    this.stroke = null;
    this.strokes = [];
    this.tell();
  }

  tell() {
    this.digits = [];
    this.version += 1;
    this.paintStrokes();
    const png = this.strokes.length ? this.canvas.toDataURL("image/png") : "";
    this.send({ png, strokes: this.strokes, version: this.version });
    this.paint();
  }

  mark({ digits, text, version }) {
    if (version !== this.version || this.stroke) return;
    this.digits = digits;
    this.status.textContent = text;
    this.paint();
  }

  paint() {
    this.paintStrokes();
    this.digits.forEach((digit) => this.paintBox(digit));
    if (this.canvas.matches(":focus-visible")) this.paintPen();
  }

  paintStrokes() {
    const { brush, canvas } = this;
    brush.fillStyle = PAGE;
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.setLineDash([]);
    brush.strokeStyle = INK;
    brush.lineCap = brush.lineJoin = "round";
    for (const { width, points } of this.strokes) {
      brush.lineWidth = width;
      brush.beginPath();
      brush.moveTo(...points[0]);
      points.forEach((point) => brush.lineTo(...point)); // the first again: a dot is a line to itself
      brush.stroke();
    }
  }

  paintBox({ box: [x0, y0, x1, y1], label, colour, dashed }) {
    const { brush } = this;
    brush.strokeStyle = brush.fillStyle = colour;
    brush.lineWidth = 2;
    brush.setLineDash(dashed ? [8, 6] : []);
    brush.strokeRect(x0, y0, x1 - x0, y1 - y0);
    brush.font = "bold 20px sans-serif";
    brush.fillText(label, x0 + 2, Math.max(y0 - 4, 18));
  }

  paintPen() {
    const { brush } = this;
    const [x, y] = this.point;
    brush.setLineDash([]);
    brush.strokeStyle = PEN;
    brush.lineWidth = this.stroke ? 5 : 2;
    brush.beginPath();
    brush.arc(x, y, 9, 0, 2 * Math.PI);
    brush.moveTo(x - 16, y);
    brush.lineTo(x + 16, y);
    brush.moveTo(x, y - 16);
    brush.lineTo(x, y + 16);
    brush.stroke();
  }
}
