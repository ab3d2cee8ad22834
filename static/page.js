// What changes without a reload: where the focus goes, what is said aloud, and that
// filters apply at once where they stand beside the results.

const said = document.getElementById("said");
const wide = matchMedia("(min-width: 60rem)");

function say(words, failed = false) {
  said.textContent = words;
  said.classList.toggle("failed", failed);
}

document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  if (elt.id !== "main") return;
  say(elt.querySelector(".results")?.dataset.said ?? "");
  // htmx gave the focus back to what had it, if that is still there.
  if (document.activeElement !== document.body) return;
  const heading = elt.querySelector("[role=alert]") ?? elt.querySelector("h1");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
});

document.addEventListener("htmx:sendError", () => say(said.dataset.failed, true));
document.addEventListener("htmx:beforeRequest", () => say(""));

document.addEventListener("change", ({ target }) => {
  if (wide.matches) target.closest(".filters form")?.requestSubmit();
});

// The page in another language is the page that is seen now.
document.addEventListener("submit", ({ target }) => {
  if (target.matches(".languages")) target.elements.next.value = location.pathname + location.search;
});

// A verdict on a result: what is said to it takes the place of the buttons.
document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (form.id !== "verdicts" || !submitter) return;
  event.preventDefault();
  const body = new FormData(form);
  body.append(submitter.name, submitter.value);
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const words = page.querySelector(".verdict").textContent;
    const place = Object.assign(document.createElement("p"), { className: "verdict", textContent: words, tabIndex: -1 });
    submitter.closest(".verdict").replaceWith(place);
    place.focus({ preventScroll: true });
    say(words);
  } catch {
    say(said.dataset.failed, true);
  }
});
