// The photo form, made pleasant. Without this file it works as a plain form.
//
// A chosen, dropped or pasted photo is shown at once, made small, and sent; the small
// picture is kept in this tab alone, so that the results can show it.
"use strict";

const SIDE = 512;
const KEPT = "photo";

/** The photo as a small upright JPEG, or null where the browser cannot open it. */
async function shrunk(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const context = canvas.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    return { file: new File([blob], "photo.jpg", { type: "image/jpeg" }), url: canvas.toDataURL("image/jpeg", 0.8) };
  } catch {
    return null;
  }
}

function keep(photo) {
  try {
    if (photo) sessionStorage.setItem(KEPT, JSON.stringify(photo));
    else sessionStorage.removeItem(KEPT);
  } catch { /* storage is full or forbidden: the results do without it */ }
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

function holding(file) {
  const transfer = new DataTransfer();
  transfer.items.add(file);
  return transfer.files;
}

async function send(form, input) {
  const [original] = input.files;
  if (!original) return;
  const small = await shrunk(original);
  keep(small && { url: small.url, query: null });
  if (small) {
    input.files = holding(small.file);
    const preview = new Image();
    preview.className = "preview";
    preview.alt = "";
    preview.src = small.url;
    form.querySelector(".drop").append(preview);
  }
  const busy = form.querySelector(".busy");
  busy.textContent = busy.dataset.text;
  form.submit();
}

function prepareForm(form) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  input.addEventListener("change", () => send(form, input));
  for (const name of ["dragenter", "dragleave", "drop"]) {
    drop.addEventListener(name, () => drop.classList.toggle("over", name === "dragenter"));
  }
  document.addEventListener("paste", (event) => {
    const [file] = event.clipboardData.files;
    if (!file) return;
    input.files = holding(file);
    send(form, input);
  });
  // Back from the results: the form is as it was before.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    form.reset();
    form.querySelector(".preview")?.remove();
    form.querySelector(".busy").textContent = "";
  });
}

/** Show the photo beside its results, and give them an address that can be reloaded. */
function prepareResults(results) {
  const { query, url } = results.dataset;
  const photo = kept();
  if ("fresh" in results.dataset) {
    history.replaceState(null, "", url);
    if (photo) keep({ ...photo, query });
  }
  const image = document.getElementById("your-photo");
  if (image && photo && (photo.query === query || "fresh" in results.dataset)) {
    image.src = photo.url;
    image.hidden = false;
  }
}

const form = document.querySelector(".photo-form");
if (form) prepareForm(form);
const results = document.querySelector(".results");
if (results) prepareResults(results);
