"use strict";

// A filter with many choices is a menu: choosing goes there.
document.addEventListener("change", ({ target }) => {
  if (target.matches(".filter-menu")) location.search = target.value;
});

// The search box of a list, which has but a picture for a label, is called as its button.
// What opens a category in the tree is called as the category.
window.addEventListener("load", () => {
  const box = document.getElementById("searchbar");
  box?.setAttribute("aria-label", box.form.querySelector("[type=submit]").value);
  for (const opener of document.querySelectorAll(".treebeard-collapse")) {
    opener.setAttribute("aria-label", opener.closest(".field-name").textContent.trim());
  }
});
