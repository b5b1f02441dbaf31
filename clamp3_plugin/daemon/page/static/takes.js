// Something played or sung as a question: from the microphone as WAV, from a keyboard as a take: MIDI of a hand.

import { h, iconButton } from "/page/dom.js";
import { say } from "/page/words.js";
import { clock } from "/page/passage.js";
import { notice } from "/page/notice.js";

const MOST_S = 60;
const TICKS = 1000; // a second, at 120 quarters a minute
const TELL_MS = 200;

/** The row that shows while something is taken, and the buttons that begin it. */
export class Takes {
  constructor(ontake) {
    this.ontake = ontake;
  }

  build() {
    this.words = h("span", { role: "status" });
    this.level = h("meter", { min: "0", max: "1", "aria-label": say("microphone") });
    this.row = h("div", { class: "take", hidden: true }, h("i", { class: "dot", "aria-hidden": "true" }), this.words, this.level, h("span", { class: "gap" }),
      h("button", { type: "button", class: "primary", onclick: () => this.stop?.(true) }, say("stopTake")),
      iconButton("close", say("cancel"), () => this.stop?.(false)));
    const can = { mic: Boolean(navigator.mediaDevices), keys: Boolean(navigator.requestMIDIAccess) };
    this.buttons = [
      can.mic && iconButton("mic", say("record"), () => this.microphone()),
      can.keys && iconButton("keys", say("playIn"), () => this.keyboard()),
    ].filter(Boolean);
    return this.row;
  }

  /** Show the row until somebody stops; gives whether the take is wanted. */
  taking(tell, showsLevel) {
    this.stop?.(false);
    this.row.hidden = false;
    this.level.hidden = !showsLevel;
    tell();
    const timer = setInterval(tell, TELL_MS);
    return new Promise((resolve) => {
      this.stop = (isWanted) => {
        clearInterval(timer);
        this.stop = null;
        this.row.hidden = true;
        resolve(isWanted);
      };
    });
  }

  async microphone() {
    let stream;
    try {
      const asItIs = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      stream = await navigator.mediaDevices.getUserMedia({ audio: asItIs });
    } catch {
      notice(say("noMicrophone"));
      return;
    }
    const context = new AudioContext();
    const meter = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(meter);
    const recorder = new MediaRecorder(stream);
    const parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    const ended = new Promise((resolve) => { recorder.onstop = resolve; });
    recorder.start();
    const begun = performance.now();
    const seen = new Float32Array(meter.fftSize);
    const isWanted = await this.taking(() => {
      const seconds = (performance.now() - begun) / 1000;
      meter.getFloatTimeDomainData(seen);
      this.level.value = Math.min(1, 2 * seen.reduce((most, each) => Math.max(most, Math.abs(each)), 0));
      this.words.textContent = say("recording", clock(seconds));
      if (seconds > MOST_S) this.stop(true);
    }, true);
    recorder.stop();
    await ended;
    for (const track of stream.getTracks()) track.stop();
    if (isWanted) {
      const sound = await context.decodeAudioData(await new Blob(parts).arrayBuffer());
      this.ontake(new File([wav(mono(sound), sound.sampleRate)], `${say("microphone")}.wav`));
    }
    await context.close();
  }

  async keyboard() {
    const access = await navigator.requestMIDIAccess().catch(() => null);
    const inputs = access ? [...access.inputs.values()] : [];
    if (!inputs.length) {
      notice(say("noKeyboard"));
      return;
    }
    const messages = [];
    for (const input of inputs) input.onmidimessage = ({ data, timeStamp }) => isOfNotes(data) && messages.push([timeStamp, [...data]]);
    const played = () => messages.filter(([, data]) => data[0] >> 4 === 9 && data[2] > 0).length;
    const isWanted = await this.taking(() => { this.words.textContent = say("listening", played()); }, false);
    for (const input of inputs) input.onmidimessage = null;
    if (isWanted && played()) this.ontake(new File([midi(messages)], `${say("keyboard")}.take`));
  }
}

// As files have it, and keyboards do not say it: 120 quarters a minute, 4/4, the piano.
const BEGINNING = [0, 0xff, 0x51, 3, 0x07, 0xa1, 0x20, 0, 0xff, 0x58, 4, 4, 2, 24, 8, 0, 0xc0, 0];
const isOfNotes = (data) => [8, 9, 11].includes(data[0] >> 4) && data.length === 3;

function mono(sound) {
  const mixed = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel += 1) {
    sound.getChannelData(channel).forEach((value, i) => { mixed[i] += value / sound.numberOfChannels; });
  }
  return mixed;
}

/** Write samples as WAV, 16 bits, one channel. */
export function wav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, letters) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  [[16, 16, 32], [20, 1, 16], [22, 1, 16], [24, rate, 32], [28, 2 * rate, 32], [32, 2, 16], [34, 16, 16]]
    .forEach(([at, value, bits]) => view[`setUint${bits}`](at, value, true));
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((value, i) => view.setInt16(44 + 2 * i, 32767 * Math.max(-1, Math.min(1, value)), true));
  return view.buffer;
}

/** Write messages with their times in milliseconds as a Standard MIDI File. */
export function midi(messages) {
  const start = messages[0][0];
  let now = 0;
  const track = [...BEGINNING, ...messages.flatMap(([time, data]) => {
    const tick = Math.round(((time - start) * TICKS) / 1000);
    const isEnd = data[0] >> 4 === 8; // how fast a key was let go says nothing of the music
    const written = [...variable(tick - now), data[0], data[1], isEnd ? 0 : data[2]];
    now = tick;
    return written;
  }), 0, 0xff, 0x2f, 0];
  const long = (value) => [24, 16, 8, 0].map((shift) => (value >> shift) & 255);
  return new Uint8Array([...letters("MThd"), ...long(6), 0, 0, 0, 1, (TICKS / 2) >> 8, (TICKS / 2) & 255, ...letters("MTrk"), ...long(track.length), ...track]);
}

const letters = (text) => [...text].map((letter) => letter.charCodeAt(0));

function variable(number) {
  const bytes = [number & 127];
  for (let rest = number >> 7; rest; rest >>= 7) bytes.unshift(128 | (rest & 127));
  return bytes;
}
