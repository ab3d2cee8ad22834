"use strict";

// A form of staff is sent once, also by a double click. Its button stays as it is, since
// the form is sent with its name.
const MILLISECONDS = 5000; // until a form may be sent again that led nowhere

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  const tooMuch = form.querySelector("[data-max-files]:invalid");
  if (tooMuch && !tooMuch.reportValidity()) return event.preventDefault();
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, MILLISECONDS);
});

// What is more than the server takes at once is said before it is sent.
document.addEventListener("change", ({ target }) => {
  const { maxFiles, maxBytes, tooMuch } = target.dataset;
  if (!maxFiles) return;
  const files = [...target.files];
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const isTooMuch = files.length > maxFiles || bytes > maxBytes;
  target.setCustomValidity(isTooMuch ? tooMuch : "");
  target.reportValidity();
});
