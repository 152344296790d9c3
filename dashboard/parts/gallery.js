// A gallery of small pictures from one sheet; arrows, Home and End move through it, and what is picked is told.
const SIDE = 64;
const GAP = 6;
const PAUSE = 1000; // ms

export default function ({ parentElement, data, setTriggerValue }) {
  const list = parentElement.querySelector(".gallery");
  const isNew = list.name !== data.name;
  if (isNew) fill(list, data, setTriggerValue);
  // What was just picked here is marked already, and the answer to an earlier pick must not undo it.
  if (isNew || performance.now() - list.pickedAt > PAUSE) mark(list, data.picked ?? -1);
}

function fill(list, data, setTriggerValue) {
  list.name = data.name;
  list.picked = -1;
  list.pickedAt = -Infinity;
  list.setAttribute("aria-label", data.label);
  // One rule for all pictures: the address of the sheet is long, and is read once.
  const rule = document.createElement("style");
  rule.textContent = `.picture { background: url(${data.sheet}) 0 0 / ${data.columns * SIDE}px auto no-repeat; }`;
  list.replaceChildren(rule, ...data.captions.map((_, i) => makeCell(data, i)));
  list.removeAttribute("aria-activedescendant");
  list.scrollTop = 0;

  const pick = (i) => {
    if (i === list.picked) return;
    mark(list, i);
    list.pickedAt = performance.now();
    setTriggerValue("picked", { name: data.name, place: i });
  };
  list.onclick = (event) => {
    const cell = event.target.closest(".cell");
    if (cell) pick([...cells(list)].indexOf(cell));
  };
  list.onkeydown = (event) => {
    const perRow = Math.max(1, Math.floor((list.clientWidth - 8 + GAP) / (SIDE + GAP)));
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perRow, ArrowUp: -perRow, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || !data.captions.length) return;
    event.preventDefault();
    pick(Math.min(data.captions.length - 1, Math.max(0, list.picked + steps[event.key])));
  };
}

const cells = (list) => list.querySelectorAll(".cell");

function makeCell(data, i) {
  const cell = document.createElement("div");
  cell.className = "cell";
  cell.id = `cell-${i}`;
  cell.title = data.alts[i];
  cell.setAttribute("role", "option");
  cell.setAttribute("aria-label", data.alts[i]);
  cell.setAttribute("aria-selected", "false");
  const picture = document.createElement("div");
  picture.className = "picture";
  picture.style.backgroundPosition = `-${(i % data.columns) * SIDE}px -${Math.floor(i / data.columns) * SIDE}px`;
  const caption = document.createElement("span");
  caption.textContent = data.captions[i];
  cell.append(picture, caption);
  return cell;
}

function mark(list, place) {
  if (place === list.picked) return; // the list may have been scrolled since
  list.picked = place;
  cells(list).forEach((cell, i) => cell.setAttribute("aria-selected", String(i === place)));
  const cell = cells(list)[place];
  if (!cell) return list.removeAttribute("aria-activedescendant");
  list.setAttribute("aria-activedescendant", cell.id);
  // Scrolls the list alone: scrollIntoView would move the page as well.
  const last = cell.offsetTop + cell.offsetHeight - list.clientHeight;
  list.scrollTop = Math.min(cell.offsetTop, Math.max(last, list.scrollTop));
}
