// A gallery of small pictures from one sheet; arrows, Home and End move through it, and what is picked is told.
const SIDE = 64;
const GAP = 6;

export default function ({ parentElement, data, setStateValue }) {
  const list = parentElement.querySelector(".gallery");
  if (list.sheet === data.sheet && list.captions === data.captions.join()) return;
  list.sheet = data.sheet;
  list.captions = data.captions.join();
  list.setAttribute("aria-label", data.label);
  list.removeAttribute("aria-activedescendant");

  let picked = -1;
  const cells = data.captions.map((caption, i) => {
    const cell = document.createElement("div");
    cell.className = "cell";
    cell.id = `cell-${i}`;
    cell.setAttribute("role", "option");
    cell.setAttribute("aria-selected", "false");
    cell.setAttribute("aria-label", data.alts[i]);
    cell.title = data.alts[i];
    const picture = document.createElement("div");
    picture.className = "picture";
    const column = i % data.columns;
    const row = Math.floor(i / data.columns);
    picture.style.backgroundImage = `url(${data.sheet})`;
    picture.style.backgroundSize = `${data.columns * SIDE}px auto`;
    picture.style.backgroundPosition = `-${column * SIDE}px -${row * SIDE}px`;
    const text = document.createElement("span");
    text.textContent = caption;
    cell.append(picture, text);
    cell.onclick = () => pick(i);
    return cell;
  });
  list.replaceChildren(...cells);

  const pick = (i) => {
    if (i === picked || i < 0 || i >= cells.length) return;
    cells[picked]?.setAttribute("aria-selected", "false");
    picked = i;
    cells[i].setAttribute("aria-selected", "true");
    cells[i].scrollIntoView({ block: "nearest" });
    list.setAttribute("aria-activedescendant", cells[i].id);
    setStateValue("picked", { sheet: data.name, place: i });
  };
  list.onkeydown = (event) => {
    const perRow = Math.max(1, Math.floor((list.clientWidth - GAP) / (SIDE + GAP)));
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perRow, ArrowUp: -perRow, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    pick(Math.min(cells.length - 1, Math.max(0, picked + steps[event.key])));
  };
}
