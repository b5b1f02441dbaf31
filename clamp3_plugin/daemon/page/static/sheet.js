// Where the bars of an engraved picture are, told by its staff lines: every bar draws its own.

const LINE = /<path d="M(-?[\d.]+) (-?[\d.]+) L(-?[\d.]+) \2"/g;
const SHORTEST = 500; // a ledger line is shorter, in the units of the engraver
const FEWEST = 5; // lines of a staff

/** Give the bars in order, each as shares of the picture's width and height. */
export function barsOf(svg) {
  const [, , width, height] = (/viewBox="([^"]+)"/.exec(svg)?.[1] ?? "0 0 1 1").split(" ").map(Number);
  const [dx, dy] = (/translate\((-?[\d.]+), (-?[\d.]+)\)/.exec(svg)?.slice(1) ?? [0, 0]).map(Number);
  const bars = [];
  for (const [, x1, y, x2] of svg.matchAll(LINE)) {
    const [left, right, at] = [Number(x1), Number(x2), Number(y)];
    if (right - left < SHORTEST) continue;
    let bar = bars.at(-1);
    if (bar?.left !== left || bar.right !== right || at < bar.top) bars.push(bar = { left, right, top: at, bottom: at, lines: 0 });
    bar.bottom = Math.max(bar.bottom, at);
    bar.lines += 1;
  }
  return bars.filter((bar) => bar.lines >= FEWEST).map((bar) => ({
    left: (dx + bar.left) / width, right: (dx + bar.right) / width, top: (dy + bar.top) / height, bottom: (dy + bar.bottom) / height,
  }));
}

/** Tell where the music is, in bars of which one is the first: the bar, and how far in it. */
export function placeIn(bars, first, { seconds, timeline }) {
  const at = timeline.bars.findLastIndex(({ start }) => start <= seconds);
  if (at < 0) return null;
  const { bar: number, start } = timeline.bars[at];
  const bar = bars[number - first];
  const end = timeline.bars[at + 1]?.start ?? timeline.end;
  return bar && { ...bar, x: bar.left + Math.min(1, (seconds - start) / (end - start)) * (bar.right - bar.left) };
}
