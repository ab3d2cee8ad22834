"use strict";

// A form of staff is sent once, also by a double click. Its button stays as it is, since
// the form is sent with its name.
const MILLISECONDS = 5000; // until a form may be sent again that led nowhere

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, MILLISECONDS);
});

// How many files at once the server takes is said before they are sent.
document.addEventListener("change", ({ target }) => {
  const { maxFiles, tooMany } = target.dataset;
  if (!maxFiles) return;
  target.setCustomValidity(target.files.length > maxFiles ? tooMany : "");
  target.reportValidity();
});
