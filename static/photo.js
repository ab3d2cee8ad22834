// The photo, from the shopper's hand to the results. Without this file the form works
// as a plain form.
//
// A chosen, dropped, pasted or taken photo is shown at once, made small, and sent. The
// small picture is kept in this tab alone: results show it, and a part of it can be
// searched by sending it again.

const SIDE = 512;
const KEPT = "photos";
const MOST = 6; // so that "back" still shows what an earlier search was made with

/** Of a JPEG's bytes: its size, which way up it was held (EXIF), and the bytes without
 * the EXIF, so that no decoder turns it a second time. Null for anything else. */
function jpeg(buffer) {
  const view = new DataView(buffer);
  if (view.getUint16(0) !== 0xffd8) return null;
  const found = { held: 1, bytes: buffer };
  for (let at = 2; at < view.byteLength - 12; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker === 0xffe1 && view.getUint32(at + 4) === 0x45786966) {
      const end = at + 2 + view.getUint16(at + 2);
      found.held = orientation(new DataView(buffer, at + 10, end - at - 10));
      found.bytes = new Blob([buffer.slice(0, at), buffer.slice(end)]);
    }
    const startsFrame = marker >= 0xffc0 && marker <= 0xffc2;
    if (startsFrame) return { ...found, height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
  }
  return null;
}

function orientation(exif) {
  const little = exif.getUint16(0) === 0x4949;
  const start = exif.getUint32(4, little);
  for (let entry = 0; entry < exif.getUint16(start, little); entry += 1) {
    const at = start + 2 + entry * 12;
    if (exif.getUint16(at, little) === 0x0112) return exif.getUint16(at + 8, little);
  }
  return 1;
}

/** A picture and by how many quarters it must be turned. Where the browser can, a JPEG
 * is decoded small: a tenth of the time of decoding all of a phone's photo. */
async function decoded(file) {
  try {
    const { held, bytes, width, height } = jpeg(await file.arrayBuffer());
    const quarters = [1, 6, 3, 8].indexOf(held);
    const share = Math.min(1, (SIDE * 1.25) / Math.max(width, height));
    const decoder = new ImageDecoder({
      type: "image/jpeg",
      data: bytes instanceof Blob ? await bytes.arrayBuffer() : bytes,
      desiredWidth: Math.ceil(width * share),
      desiredHeight: Math.ceil(height * share),
    });
    if (quarters >= 0) return { picture: (await decoder.decode()).image, quarters };
  } catch { /* another format, another browser, or damaged */ }
  return { picture: await createImageBitmap(file), quarters: 0 };
}

/** The photo as a small upright JPEG in a data URL; null if the browser cannot open it. */
async function shrunk(file) {
  try {
    const { picture, quarters } = await decoded(file);
    const width = picture.displayWidth ?? picture.width;
    const height = picture.displayHeight ?? picture.height;
    const scale = Math.min(1, SIDE / Math.max(width, height));
    const sides = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = quarters % 2 ? [sides[1], sides[0]] : sides;
    const context = canvas.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.translate(canvas.width / 2, canvas.height / 2);
    context.rotate((quarters * Math.PI) / 2);
    context.drawImage(picture, -sides[0] / 2, -sides[1] / 2, ...sides);
    picture.close();
    return canvas.toDataURL("image/jpeg", 0.9);
  } catch {
    return null;
  }
}

/** The files that an input can hold, of a data URL. Not by `fetch`: the policy forbids. */
function filesOf(url) {
  const bytes = Uint8Array.from(atob(url.split(",")[1]), (letter) => letter.charCodeAt(0));
  return holding(new File([bytes], "photo.jpg", { type: "image/jpeg" }));
}

function holding(file) {
  const transfer = new DataTransfer();
  transfer.items.add(file);
  return transfer.files;
}

/** Photos of this tab, the newest last: `{query, url}`; no query while it is on its way. */
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? [];
  } catch {
    return [];
  }
}

function keep(photo) {
  const others = kept().filter(({ query }) => query && query !== photo.query);
  try {
    sessionStorage.setItem(KEPT, JSON.stringify([...others, photo].slice(-MOST)));
  } catch { /* full or forbidden: the results do without it */ }
}

async function send(form, file) {
  if (!file) return;
  const busy = form.querySelector(".busy");
  busy.textContent = busy.dataset.text;
  const input = form.querySelector("input[name=photo]");
  const url = await shrunk(file);
  keep({ query: null, url });
  if (url) {
    const preview = new Image();
    preview.className = "preview";
    preview.alt = "";
    preview.src = url;
    form.querySelector(".preview")?.remove();
    form.querySelector(".drop").append(preview);
  }
  input.files = url ? filesOf(url) : holding(file);
  form.requestSubmit();
}

function clear(form) {
  form.reset();
  form.querySelector(".preview")?.remove();
  form.querySelector(".busy").textContent = "";
  form.querySelector("progress").hidden = true;
}

function prepareForm(form) {
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => send(form, input.files[0]));
  }
  form.addEventListener("htmx:xhr:progress", ({ detail }) => {
    const bar = form.querySelector("progress");
    bar.hidden = !detail.lengthComputable || detail.loaded === detail.total;
    if (detail.total) bar.value = detail.loaded / detail.total;
  });
  form.addEventListener("htmx:sendError", () => clear(form));
}

const queryOf = (url) => new URL(url, location.href).searchParams.get("query");

/** The dots of an earlier answer: one thing was chosen, the others stay at hand. */
function addThings(results, things) {
  const crop = results.querySelector(".crop");
  things.forEach(({ url, box }, number) => {
    const dot = document.createElement("a");
    Object.assign(dot, { className: "thing", href: url, rel: "nofollow", hidden: true });
    dot.dataset.box = box;
    dot.setAttribute("hx-boost", "true");
    dot.setAttribute("aria-label", crop.dataset.thing.replace("0", number + 1));
    crop.append(dot);
  });
  if (things.length) window.htmx.process(crop);
}

/** Say why: with the photo, where this tab has it. */
function askWhy(event) {
  const link = event.target.closest("a.why");
  const form = document.querySelector(".why-form");
  const { src } = document.getElementById("your-photo") ?? {};
  if (!link || !form || !src?.startsWith("data:")) return;
  event.preventDefault();
  event.stopPropagation();
  form.elements.photo.files = filesOf(src);
  form.elements.image.value = new URL(link.href).searchParams.get("image");
  form.requestSubmit();
}

/** Show the photo beside its results, and give them an address that can be reloaded. */
function prepareResults(results) {
  const { query, before, url, fresh } = results.dataset;
  const image = results.querySelector("#your-photo");
  if (!image) return; // a product was searched with
  const photos = kept();
  const photo = photos.find((one) => one.query === query)
    // Words were added: another query, of the same photo.
    ?? photos.find((one) => before && one.query === before)
    // One thing in it was chosen.
    ?? photos.find(({ things }) => things?.some(({ url: to }) => queryOf(to) === query))
    ?? (fresh === undefined ? undefined : photos.find((one) => !one.query));
  const things = [...results.querySelectorAll(".thing")].map(({ href, dataset }) => ({ url: href, box: dataset.box }));
  if (photo) {
    if (!things.length) addThings(results, photo.things ?? []);
    keep({ ...photo, query, things: things.length ? things : photo.things });
  }
  if (fresh !== undefined) {
    history.replaceState(history.state, "", url);
  }
  if (photo?.url) {
    image.src = photo.url;
    image.hidden = false;
  }
  if (!image.hidden) tellShown(image);
  image.closest(".yours").classList.toggle("absent", image.hidden);
}

/** Once it has its size: a box laid on it before would be seen to jump. */
async function tellShown(image) {
  await image.decode().catch(() => {}); // a broken picture has a box too
  image.dispatchEvent(new Event("shown", { bubbles: true }));
}

/** Search with a part of the photo that is shown: `x,y,w,h`, or nothing for all of it. */
function sendPart({ detail: box }) {
  const form = document.querySelector("form.part");
  const input = form.querySelector("input[type=file]");
  const { src } = document.getElementById("your-photo");
  form.elements.box.value = box;
  if (input) {
    input.files = filesOf(src);
    keep({ query: null, url: src });
  }
  form.requestSubmit();
}

function prepare(part) {
  const form = part.querySelector(".photo-form");
  if (form && !form.prepared) {
    form.prepared = true;
    prepareForm(form);
  }
  const results = part.querySelector(".results");
  if (results && !results.prepared) {
    results.prepared = true;
    prepareResults(results);
  }
}

/** Wherever on the page a photo is dropped or pasted: the form of this page takes it. */
function take(event, transfer) {
  const file = [...transfer.files].find(({ type }) => type.startsWith("image/"))
    ?? transfer.files[0];
  const form = document.querySelector(".photo-form");
  if (!file || !form) return;
  event.preventDefault();
  send(form, file);
}

function over(event) {
  const drop = document.querySelector(".drop");
  if (!drop || !event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  drop.classList.toggle("over", event.type === "dragover");
}

document.addEventListener("paste", (event) => take(event, event.clipboardData));
document.addEventListener("dragover", over);
document.addEventListener("dragleave", over);
document.addEventListener("drop", (event) => {
  document.querySelector(".drop")?.classList.remove("over");
  take(event, event.dataTransfer);
});
document.addEventListener("part", sendPart);
document.addEventListener("click", askWhy, true);
document.addEventListener("htmx:load", ({ detail }) => prepare(detail.elt));
// Back from the results: the form is as it was before.
window.addEventListener("pageshow", (event) => {
  const form = document.querySelector(".photo-form");
  if (event.persisted && form) clear(form);
});
prepare(document);
