// Many points on a canvas: pan, zoom, find the nearest, mark some. Places are within -1 and 1.

const STEP = 60; // pixels that an arrow key moves
const CLICK = 5; // pixels that a click may move
const MOST = 400;
const MARK = "#e0245e";

export class Plane {
  constructor(canvas, onhover, onclick) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.scale = 1;
    this.dx = this.dy = 0;
    this.x = this.y = new Float32Array();
    this.marked = [];
    this.ringed = -1;
    this.onhover = onhover;
    this.onclick = onclick;
    this.listen();
    new ResizeObserver(() => this.fit()).observe(canvas);
  }

  show(x, y, colours) {
    this.x = Float32Array.from(x);
    this.y = Float32Array.from(y);
    this.colours = colours;
    this.ink = Uint32Array.from(colours, (colour) => pixelOf(colour));
    this.draw();
  }

  mark(points) {
    this.marked = points;
  }

  ring(i) {
    this.ringed = i;
    this.draw();
  }

  fit() {
    const ratio = devicePixelRatio;
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.image = this.context.createImageData(this.canvas.width, this.canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.paint();
  }

  /** Draw at the next frame, once, however often it is asked for. */
  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  paint() {
    if (!this.image) return;
    const { width, height } = this.canvas;
    this.pixels.fill(pixelOf(getComputedStyle(this.canvas).backgroundColor));
    const size = Math.max(1, Math.round(devicePixelRatio * Math.min(4, 1.5 + 0.5 * Math.log2(this.scale) + 600 / (this.x.length + 300))));
    const { unit, left, top } = this.view();
    for (let i = 0; i < this.x.length; i += 1) this.stamp(left + unit * this.x[i], top - unit * this.y[i], size, this.ink[i], width, height);
    this.context.putImageData(this.image, 0, 0);
    this.rings(unit, left, top);
  }

  /** Write one point: a disc, its corners left out. */
  stamp(px, py, size, ink, width, height) {
    const cx = Math.round(px);
    const cy = Math.round(py);
    if (cx < size || cy < size || cx >= width - size || cy >= height - size) return;
    const limit = size * size + 0.5;
    for (let y = -size; y <= size; y += 1) {
      const row = (cy + y) * width + cx;
      for (let x = -size; x <= size; x += 1) {
        if (x * x + y * y <= limit) this.pixels[row + x] = ink;
      }
    }
  }

  rings(unit, left, top) {
    const { context } = this;
    context.strokeStyle = MARK;
    context.lineWidth = 1.5 * devicePixelRatio;
    const circle = (i, radius) => {
      context.beginPath();
      context.arc(left + unit * this.x[i], top - unit * this.y[i], radius * devicePixelRatio, 0, 7);
      context.stroke();
    };
    for (const i of this.marked) circle(i, 6);
    if (this.ringed >= 0) {
      context.lineWidth *= 2;
      circle(this.ringed, 10);
    }
  }

  view() {
    const { width, height } = this.canvas;
    const unit = 0.46 * Math.min(width, height) * this.scale;
    return { unit, left: width / 2 + this.dx * unit, top: height / 2 + this.dy * unit };
  }

  /** Tell where on the canvas a point is. */
  placeOf(i) {
    const { unit, left, top } = this.view();
    return [left + unit * this.x[i], top - unit * this.y[i]].map((each) => each / devicePixelRatio);
  }

  /** Give the point nearest to a place on the canvas, -1 where none is near. */
  nearest(px, py, most) {
    const { unit, left, top } = this.view();
    const x = (px * devicePixelRatio - left) / unit;
    const y = (top - py * devicePixelRatio) / unit;
    let best = ((most * devicePixelRatio) / unit) ** 2;
    let found = -1;
    for (let i = 0; i < this.x.length; i += 1) {
      const distance = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
      if (distance < best) {
        best = distance;
        found = i;
      }
    }
    return found;
  }

  /** Zoom, with one place of the canvas (its middle by default) staying where it is. */
  zoom(factor, px = this.canvas.clientWidth / 2, py = this.canvas.clientHeight / 2) {
    const before = this.view();
    this.scale = Math.max(0.5, Math.min(MOST, this.scale * factor));
    const after = this.view();
    const ratio = after.unit / before.unit;
    const [x, y] = [px * devicePixelRatio, py * devicePixelRatio];
    this.dx = (x - (x - before.left) * ratio - this.canvas.width / 2) / after.unit;
    this.dy = (y - (y - before.top) * ratio - this.canvas.height / 2) / after.unit;
    this.draw();
  }

  pan(px, py) {
    const { unit } = this.view();
    this.dx += (px * devicePixelRatio) / unit;
    this.dy += (py * devicePixelRatio) / unit;
    this.draw();
  }

  listen() {
    const { canvas } = this;
    let moved = 0;
    canvas.addEventListener("pointerdown", (event) => {
      moved = 0;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!event.buttons) return this.onhover(event.offsetX, event.offsetY);
      moved += Math.abs(event.movementX) + Math.abs(event.movementY);
      this.pan(event.movementX, event.movementY);
    });
    canvas.addEventListener("pointerup", (event) => moved <= CLICK && this.onclick(event.offsetX, event.offsetY));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const { clientWidth, clientHeight } = this.canvas;
    const acts = {
      ArrowLeft: () => this.pan(STEP, 0), ArrowRight: () => this.pan(-STEP, 0),
      ArrowUp: () => this.pan(0, STEP), ArrowDown: () => this.pan(0, -STEP),
      "+": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5),
      Enter: () => this.onclick(clientWidth / 2, clientHeight / 2),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  /** Write what there is, all of it, as a drawing. */
  svg() {
    const groups = new Map();
    this.colours.forEach((colour, i) => {
      const dot = `<circle cx="${(500 + 480 * this.x[i]).toFixed(1)}" cy="${(500 - 480 * this.y[i]).toFixed(1)}" r="2"/>`;
      groups.set(colour, `${groups.get(colour) ?? ""}${dot}`);
    });
    const body = [...groups].map(([colour, dots]) => `<g fill="${colour}">${dots}</g>`).join("\n");
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000">\n${body}\n</svg>\n`;
  }
}

/** Colour as a canvas keeps it in memory: bytes red, green, blue, opaque. */
function pixelOf(colour) {
  const parts = colour.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))
    : colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  return ((255 << 24) | (parts[2] << 16) | (parts[1] << 8) | parts[0]) >>> 0;
}
