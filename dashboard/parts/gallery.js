// A gallery of small images from one sprite sheet. Arrows, Home and End mark an image; a click, Enter or Space select it,
// and so do the arrows where a selection only shows more on the same page.
const SIDE = 64;
const GAP = 6;
const PAUSE = 1000; // ms in which the server's answer to an earlier selection may arrive

export default function ({ parentElement, data, setTriggerValue }) {
  const list = parentElement.querySelector(".gallery");
  const isNew = list.name !== data.name;
  if (isNew) fill(list, data, setTriggerValue);
  // What was just selected here is marked already; the response to an earlier selection must not undo it.
  if (isNew || performance.now() - list.selectedAt > PAUSE) markCell(list, data.selected ?? -1);
}

function fill(list, data, setTriggerValue) {
  list.name = data.name;
  list.selected = -1;
  list.selectedAt = -Infinity;
  list.setAttribute("aria-label", data.label);
  // One rule for all images: the data URL of the sheet is long, and is parsed once.
  const rule = document.createElement("style");
  rule.textContent = `.image { background: url(${data.sheet}) 0 0 / ${data.columns * SIDE}px auto no-repeat; }`;
  list.replaceChildren(rule, ...data.captions.map((_, i) => makeCell(data, i)));
  list.removeAttribute("aria-activedescendant");
  list.scrollTop = 0;

  list.setAttribute("role", data.selectable ? "listbox" : "list");
  list.onclick = list.onkeydown = null;
  if (!data.selectable) return;
  let sent = -1;
  const mark = (i) => {
    markCell(list, i);
    list.selectedAt = performance.now();
  };
  const select = (i) => {
    if (i === sent && i === list.selected) return;
    mark(i);
    sent = i;
    setTriggerValue("selected", { name: data.name, index: i });
  };
  list.onclick = (event) => {
    const cell = event.target.closest(".cell");
    if (cell) select([...cells(list)].indexOf(cell));
  };
  list.onkeydown = (event) => {
    const perRow = Math.max(1, Math.floor((list.clientWidth - 8 + GAP) / (SIDE + GAP)));
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perRow, ArrowUp: -perRow, Home: -Infinity, End: Infinity };
    const chooses = event.key === "Enter" || event.key === " ";
    if (!(event.key in steps || chooses) || !data.captions.length) return;
    event.preventDefault();
    const i = Math.min(data.captions.length - 1, Math.max(0, list.selected + (steps[event.key] ?? 0)));
    (chooses || data.arrowsSelect ? select : mark)(i);
  };
}

const cells = (list) => list.querySelectorAll(".cell");

function makeCell(data, i) {
  const cell = document.createElement("div");
  cell.className = data.selectable ? "cell selectable" : "cell";
  cell.id = `cell-${i}`;
  cell.title = data.alts[i];
  cell.setAttribute("role", data.selectable ? "option" : "listitem");
  cell.setAttribute("aria-label", data.alts[i]);
  if (data.selectable) cell.setAttribute("aria-selected", "false");
  const image = document.createElement("div");
  image.className = "image";
  image.style.backgroundPosition = `-${(i % data.columns) * SIDE}px -${Math.floor(i / data.columns) * SIDE}px`;
  const caption = document.createElement("span");
  caption.textContent = data.captions[i];
  cell.append(image, caption);
  return cell;
}

function markCell(list, index) {
  if (index === list.selected) return; // the list may have been scrolled since
  list.selected = index;
  cells(list).forEach((cell, i) => cell.setAttribute("aria-selected", String(i === index)));
  const cell = cells(list)[index];
  if (!cell) return list.removeAttribute("aria-activedescendant");
  list.setAttribute("aria-activedescendant", cell.id);
  // Scroll only the list: scrollIntoView would move the page as well.
  const last = cell.offsetTop + cell.offsetHeight - list.clientHeight;
  list.scrollTop = Math.min(cell.offsetTop, Math.max(last, list.scrollTop));
}
