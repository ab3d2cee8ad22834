// The search box: what is suggested can be chosen by keyboard and mouse, and is said
// aloud. Without this file the form works as a plain form.

const box = document.getElementById("q");
const said = document.getElementById("said");

const list = () => document.getElementById("suggestions");
const options = () => [...list().querySelectorAll("[role=option]")];
const chosen = () => list().querySelector("[aria-selected=true]");

function close() {
  list().hidden = true;
  choose(null);
  box.setAttribute("aria-expanded", "false");
}

function choose(option) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  if (option) box.setAttribute("aria-activedescendant", option.id);
  else box.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function move(by) {
  const all = options();
  if (!all.length) return;
  if (list().hidden) open();
  const at = all.indexOf(chosen()) + by;
  // Beyond the first and the last is the box itself.
  choose(at < -1 ? all.at(-1) : all[at] ?? null);
}

function open() {
  list().hidden = !options().length;
  box.setAttribute("aria-expanded", String(!list().hidden));
}

function take(option) {
  close();
  if (option.dataset.url) {
    location.assign(option.dataset.url);
    return;
  }
  box.value = option.dataset.text;
  box.form.requestSubmit();
}

const keys = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(chosen() ? -1 : -2),
  Enter: () => {
    if (!chosen()) return false;
    take(chosen());
    return true;
  },
  Escape: () => {
    if (list().hidden) return false;
    close();
    return true;
  },
};

box.addEventListener("keydown", (event) => {
  // While Chinese is being composed, keys belong to that.
  if (event.isComposing || !(event.key in keys)) return;
  if (keys[event.key]() !== false) event.preventDefault();
});
box.addEventListener("focus", open);
box.addEventListener("blur", close);
// The results take the focus, and a suggestion that comes late is for nobody.
box.form.addEventListener("submit", () => box.blur());

const area = box.closest(".words");
// Before the box loses the focus, which would close the list.
area.addEventListener("mousedown", (event) => {
  if (event.target.closest("[role=option]")) event.preventDefault();
});
area.addEventListener("click", ({ target }) => {
  const option = target.closest("[role=option]");
  if (option) take(option);
});

document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (target.id === "suggestions") {
    if (document.activeElement !== box || !box.value) close();
    else open();
    said.textContent = list().hidden ? "" : list().dataset.said;
  }
});
// An answer for what the box held before is of no use.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, target } = event.detail;
  const isSuggestion = target?.id === "suggestions";
  if (isSuggestion && requestConfig.parameters.q !== box.value) event.detail.shouldSwap = false;
});
// Results tell what was searched for; other pages leave the box empty.
document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  if (elt.id === "main") box.value = elt.querySelector(".results")?.dataset.words ?? "";
});
