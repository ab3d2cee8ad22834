"use strict";

// A filter with many choices is a menu: choosing goes there.
document.addEventListener("change", ({ target }) => {
  if (target.matches(".filter-menu")) location.search = target.value;
});

// The search box of a list, which has but a picture for a label, is called as its button.
document.addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("searchbar");
  box?.setAttribute("aria-label", box.form.querySelector("[type=submit]").value);
});
