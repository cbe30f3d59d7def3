// In every frame: broken images, texts outside the screen or their box, texts of a figure outside it or on each other.
const lines = [];
const frames = [...document.querySelectorAll("iframe")];

function outside(inner, outer, slack) {
  return inner.left < outer.left - slack || inner.right > outer.right + slack
    || inner.top < outer.top - slack || inner.bottom > outer.bottom + slack;
}

// The nearest ancestor that is laid out as a box.
function box(node, view) {
  let element = node.parentElement;
  while (view.getComputedStyle(element).display.startsWith("inline")) element = element.parentElement;
  return element;
}

// The width of an m in the page's font, in thousandths of an em: no two of the usual fonts have the same.
function emWidth(page) {
  const probe = page.createElement("span");
  probe.style.cssText = "position:absolute;font-size:100px;white-space:nowrap";
  probe.textContent = "m".repeat(10);
  page.body.append(probe);
  const width = Math.round(probe.getBoundingClientRect().width);
  probe.remove();
  return width;
}

function measure(frame) {
  const width = Number(frame.dataset.width);
  const { contentDocument: page, contentWindow: view } = frame;
  const say = (what, text) => lines.push(`${width}: ${what}: ${text.trim().slice(0, 60)}`);
  if (page.documentElement.scrollWidth > width) say("the page is wider than the screen", `${page.documentElement.scrollWidth}`);
  const images = [...page.querySelectorAll("img")];
  for (const image of images) if (!image.complete || image.naturalWidth === 0) say("broken image", image.alt);
  for (const image of images) if (!image.alt) say("image without words", image.src.slice(0, 40));
  let texts = 0;
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const text = node.textContent;
    // What scrolls sideways on purpose may be wider; what is folded away has no size.
    if (!text.trim() || node.parentElement.closest("svg, style, .scroll, pre")) continue;
    const range = page.createRange();
    range.selectNodeContents(node);
    const place = range.getBoundingClientRect();
    if (place.width === 0) continue;
    texts += 1;
    if (place.left < -1 || place.right > width + 1) say("text beyond the screen", text);
    else if (outside(place, box(node, view).getBoundingClientRect(), 3)) say("text outside its box", text);
  }
  for (const svg of page.querySelectorAll("figure svg")) {
    const frame = svg.getBoundingClientRect();
    const scale = frame.width / svg.viewBox.baseVal.width;
    const name = svg.querySelector("title")?.textContent ?? "";
    const words = [...svg.querySelectorAll("text")].map((text) => ({ text: text.textContent.trim(), place: text.getBoundingClientRect() }));
    for (const { text, place } of words) {
      texts += 1;
      if (outside(place, frame, 1)) say(`text outside the figure ${name}`, text);
    }
    // The height of a line is more than its letters take.
    const core = ({ left, right, top, bottom }) => ({ left, right, top: top + 0.3 * (bottom - top), bottom: bottom - 0.3 * (bottom - top) });
    words.forEach((a, i) => words.slice(0, i).forEach((b) => {
      const [p, q] = [core(a.place), core(b.place)];
      const over = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const below = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (over > 8 * scale && below > 4 * scale) say(`texts on each other in ${name}`, `${a.text} / ${b.text}`);
    }));
  }
  const scheme = view.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  lines.push(`checked ${width} ${texts} texts and ${images.length} images ${scheme}, m has ${emWidth(page)} thousandths`);
}

window.addEventListener("load", () => setTimeout(() => {
  for (const frame of frames) measure(frame);
  frames.forEach((frame) => frame.remove());
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = lines.join("\n");
  document.body.prepend(result);
}, 300));
