// A filter with many choices is a menu: choosing goes there.
"use strict";

document.addEventListener("change", ({ target }) => {
  if (target.matches(".filter-menu")) location.search = target.value;
});
