// @MARK@
// What of a score is asked about, and its notes as plain values.
//
// Bars and staves count from 1; a pickup bar is bar 1. Ticks count from the start of the score.
// ES5 only, and no name of MuseScore's own: MuseScore 3.2 to 4.x load this file.
.pragma library

var CHORDS = {Chord: 1, Rest: 1, MMRest: 1, RepeatMeasure: 1, MeasureRepeat: 1};
var SPANNERS = {Slur: 1, SlurSegment: 1, HairPin: 1, Hairpin: 1, HairpinSegment: 1, HairPinSegment: 1,
    Ottava: 1, OttavaSegment: 1, Volta: 1, VoltaSegment: 1};
var MARKS = {Articulation: 1, Ornament: 1, Arpeggio: 1};
var TEXTS = {Dynamic: 1, Harmony: 1, Tempo: 1, Fermata: 1, StaffText: 1, SystemText: 1, Expression: 1,
    PlayTechAnnotation: 1, RehearsalMark: 1};
var TEMPO = {Tempo: 1};
var LARGE = 2000;  // bars times staves: some two seconds of writing on a slow machine

// --- which bars

// First ticks of all measures, and behind them the end of the score.
function measureTicks(score) {
    var ticks = [];
    for (var m = score.firstMeasure; m; m = m.nextMeasure) {
        ticks.push(m.firstSegment.tick);
    }
    // the last segment is the bar line at the end, where the last measure ends
    ticks.push(score.lastSegment.tick);
    return ticks;
}

// Number of the measure, from 1, in which a tick lies.
function barOf(ticks, tick) {
    var low = 0, high = ticks.length - 2;
    while (low < high) {
        var middle = (low + high + 1) >> 1;
        if (ticks[middle] <= tick) { low = middle; } else { high = middle - 1; }
    }
    return low + 1;
}

// {bars: [first, last], staves: [first, last], kind: "range" | "note"}, or null where nothing is
// selected. Ends are included.
function selected(score) {
    var ticks = measureTicks(score);
    var range = rangeByCursor(score, ticks);
    if (range) { return range; }
    var elements = score.selection ? score.selection.elements : null;
    var first = 0, last = 0, top = 0, bottom = 0;
    for (var i = 0; elements && i < elements.length; i++) {
        var place = placeOf(elements[i]);
        if (!place) { continue; }
        var bar = barOf(ticks, place.tick);
        first = first ? Math.min(first, bar) : bar;
        last = Math.max(last, bar);
        top = top ? Math.min(top, place.staff) : place.staff;
        bottom = Math.max(bottom, place.staff);
    }
    return first ? {bars: [first, last], staves: [top, bottom], kind: "note"} : null;
}

function rangeByCursor(score, ticks) {
    var cursor = score.newCursor();
    cursor.rewind(1);
    if (!cursor.segment) { return null; }
    var from = cursor.tick, top = cursor.staffIdx;
    cursor.rewind(2);
    // A selection that reaches the end of the score ends nowhere: MuseScore then says tick 0.
    var to = cursor.tick > from ? cursor.tick : ticks[ticks.length - 1] + 1;
    var bottom = Math.min(Math.max(cursor.staffIdx, top), score.nstaves - 1);
    return {
        bars: [barOf(ticks, from), barOf(ticks, to - 1)],
        staves: [top + 1, bottom + 1],
        kind: "range"
    };
}

// Where a selected element stands: climb from a note head to the segment that has a tick.
function placeOf(element) {
    var track = element.track;
    for (var e = element; e; e = e.parent) {
        if (e.name === "Segment") {
            return track >= 0 ? {tick: e.tick, staff: Math.floor(track / 4) + 1} : null;
        }
        if (e.name === "Measure") {
            return track >= 0 ? {tick: e.firstSegment.tick, staff: Math.floor(track / 4) + 1} : null;
        }
    }
    return null;
}

// What tells a score from others that are open: plugins see no paths.
function signature(score) {
    return [score.scoreName, score.title, score.composer, score.nstaves].join("\n");
}

// A few letters that change when the selection does.
function selectionKey(score) {
    var elements = score.selection ? score.selection.elements : null;
    var cursor = score.newCursor();
    cursor.rewind(1);
    var start = cursor.segment ? cursor.tick + ":" + cursor.staffIdx : "";
    cursor.rewind(2);
    var count = elements ? elements.length : 0;
    var one = count === 1 ? placeOf(elements[0]) : null;
    return [start, start ? cursor.tick + ":" + cursor.staffIdx : "", count,
        one ? one.tick + ":" + one.staff : ""].join("/");
}

// --- notes

// Whether a score is so large that writing it holds up the window, and only what is selected is sent.
function isLarge(score) {
    return (measureTicks(score).length - 1) * score.nstaves > LARGE;
}

// Reads a score in steps, so that the window is not held up: call step(milliseconds) until it is
// true, then take text(). Where only some bars are asked for, the others come without their events.
function NoteReader(score, division, names, bars) {
    this.score = score;
    this.ticks = measureTicks(score);
    this.measure = score.firstMeasure;
    this.names = names;
    this.first = bars ? bars[0] : 1;
    this.last = bars ? bars[1] : this.ticks.length;
    this.index = 0;
    this.beside = besideNotes(score);
    this.written = [];
    this.value = {
        v: 1,
        division: division,
        title: score.title || "",
        composer: score.composer || "",
        lyricist: score.lyricist || "",
        parts: partsOf(score),
        keys: keysOf(score, this.ticks),
        spanners: this.beside.spanners,
        end: this.ticks[this.ticks.length - 1]
    };
}

NoteReader.prototype.step = function (milliseconds) {
    var until = Date.now() + milliseconds;
    while (this.measure) {
        // written bar by bar: all at once would take longer than a step
        this.written.push(JSON.stringify(this.readBar(this.measure)));
        this.measure = this.measure.nextMeasure;
        this.index += 1;
        if (Date.now() > until) { break; }
    }
    return !this.measure;
};

NoteReader.prototype.text = function () {
    return JSON.stringify(this.value).slice(0, -1) + ',"bars":[' + this.written.join(",") + "]}";
};

NoteReader.prototype.readBar = function (measure) {
    var bar = {at: this.ticks[this.index], events: []};
    // and the last, because a score that ended before would end in its barline
    var isLast = this.index + 2 === this.ticks.length;
    var isAsked = (this.first <= this.index + 1 && this.index < this.last) || isLast;
    var end = this.ticks[this.index + 1], tracks = isAsked ? this.score.ntracks : 1;
    if (measure.irregular) { bar.irregular = true; }
    if (measure.noOffset) { bar.offset = measure.noOffset; }
    for (var s = measure.firstSegment; s; s = s.nextInMeasure) {
        this.readSigns(s, bar, isAsked ? TEXTS : TEMPO);
        for (var track = 0; track < tracks; track++) {
            var e = s.elementAt(track);
            if (!e) { continue; }
            if (CHORDS[e.name]) {
                if (!isAsked) { continue; }
                bar.events.push(this.readChord(e, s.tick, track));
            } else if (track % 4 === 0 && !(e.generated && e.name !== "BarLine")) {
                this.readSign(e, s.tick, track / 4, bar, end);
            }
        }
    }
    return bar;
};

NoteReader.prototype.readSign = function (e, tick, staff, bar, end) {
    if (e.name === "TimeSig") {
        if (tick < end) { bar.meter = [e.timesig.numerator, e.timesig.denominator]; }
    } else if (e.name === "Clef") {
        bar.events.push({k: "clef", t: tick, s: staff});
    } else if (e.name === "BarLine" && staff === 0) {
        var kind = Number("" + e.barlineType);
        if (kind === 4 || (kind === 64 && tick < end)) { bar.opens = true; }
        if (kind === 8 || (kind === 64 && tick >= end)) { bar.closes = true; }
        if (tick >= end && kind !== 1) { bar.line = kind; }
    } else if (e.name === "Breath") {
        bar.events.push({k: "breath", t: tick, s: staff});
    }
};

NoteReader.prototype.readSigns = function (segment, bar, read) {
    var signs = segment.annotations;
    for (var i = 0; signs && i < signs.length; i++) {
        var e = signs[i];
        if (!read[e.name]) { continue; }
        var sign = {k: e.name, t: segment.tick, s: Math.floor(e.track / 4), o: e.track % 4};
        if (e.text) { sign.x = e.text; }
        if (e.name === "Tempo") { sign.q = e.tempo; }
        if (!e.visible) { sign.hidden = true; }
        if (e.placement === 1) { sign.below = true; }
        bar.events.push(sign);
    }
};

NoteReader.prototype.readChord = function (e, tick, track) {
    var row = {t: tick, s: Math.floor(track / 4), o: track % 4};
    if (e.duration) { row.d = [e.duration.numerator, e.duration.denominator]; }
    if (e.tuplet) { row.u = [e.tuplet.actualNotes, e.tuplet.normalNotes]; }
    if (e.name === "RepeatMeasure" || e.name === "MeasureRepeat") { row.k = "repeat"; }
    if (!e.visible) { row.hidden = true; }
    if (e.staffMove) { row.m = e.staffMove; }
    var mode = this.names.beam["" + e.beamMode];
    if (mode && mode !== "AUTO") { row.b = mode; }
    if (e.name !== "Chord") { return row; }
    if (e.noStem) { row.stemless = true; }
    if (this.beside.flags[tick + "/" + track]) { row.h = 1; }
    row.n = this.readNotes(e.notes, tick, track);
    var fingers = fingersOf(e.notes);
    if (fingers.length) { row.f = fingers; }
    var marks = this.beside.marks[tick + "/" + track] || marksIn(e.articulations);
    if (marks.length) { row.a = this.named(marks); }
    var graces = e.graceNotes;
    for (var i = 0; graces && i < graces.length; i++) {
        var g = graces[i];
        row.g = row.g || [];
        row.g.push({
            d: [g.duration.numerator, g.duration.denominator],
            y: this.names.grace["" + g.noteType] || "",
            n: this.readNotes(g.notes, -1, track)
        });
    }
    return row;
};

// Each note: sounding pitch, spelling as written, staff line, 1 for a tie that begins plus 2 for an
// accidental that is shown plus 4 for one in brackets, and the spelling as it sounds where that is
// another.
NoteReader.prototype.readNotes = function (notes, tick, track) {
    var rows = [];
    for (var i = 0; i < notes.length; i++) {
        var note = notes[i];
        var ties = note.tieForward || this.beside.ties[tick + "/" + track + "/" + note.pitch];
        var shown = note.accidental && note.accidental.visible;
        var flags = (ties ? 1 : 0) + (shown ? 2 : 0) + (shown && note.accidental.accidentalBracket ? 4 : 0);
        var row = [note.pitch, note.tpc, note.line, flags];
        if (note.tpc1 !== note.tpc) { row.push(note.tpc1); }
        rows.push(row);
    }
    return rows;
};

NoteReader.prototype.named = function (marks) {
    var names = [];
    for (var i = 0; i < marks.length; i++) {
        names.push(this.names.symbol[marks[i]] || marks[i]);
    }
    return names;
};

// MuseScore 3.2 shows ties, slurs, flags and marks only among what is selected; later ones also elsewhere.
function besideNotes(score) {
    var found = {ties: {}, marks: {}, flags: {}, spanners: []};
    var elements = score.selection ? score.selection.elements : [];
    for (var i = 0; i < elements.length; i++) {
        var e = elements[i];
        var name = e.name;
        if (name === "Tie" || name === "TieSegment") {
            var note = e.parent;
            if (note && note.name === "Note") {
                found.ties[note.parent.parent.tick + "/" + e.track + "/" + note.pitch] = true;
            }
        } else if (MARKS[name] || name === "Hook") {
            var chord = e.parent;
            if (!chord || chord.name !== "Chord" || !chord.parent || chord.parent.name !== "Segment") {
                continue;
            }
            var key = chord.parent.tick + "/" + e.track;
            if (name === "Hook") { found.flags[key] = true; continue; }
            found.marks[key] = (found.marks[key] || []).concat(markOf(e));
        }
    }
    var listed = score.spanners || elements;
    for (i = 0; i < listed.length; i++) {
        if (SPANNERS[listed[i].name]) { found.spanners.push(spannerOf(listed[i])); }
    }
    return found;
}

function spannerOf(e) {
    var row = {
        k: e.name.replace("Segment", "").replace("Hairpin", "HairPin"),
        t: e.spannerTick.ticks,
        l: e.spannerTicks.ticks,
        r: e.track,
        e: e.spannerTrack2
    };
    if (row.k === "HairPin") { row.y = Number("" + e.hairpinType); }
    if (row.k === "Ottava") { row.y = Number("" + e.ottavaType); }
    if (row.k === "Volta") { row.x = "" + e.volta_ending; }
    return row;
}

function markOf(e) {
    return e.name === "Arpeggio" ? "arpeggio" : "" + e.symbol;
}

// [which of the notes, fingering] of those that have one.
function fingersOf(notes) {
    var found = [];
    for (var i = 0; i < notes.length; i++) {
        var beside = notes[i].elements;
        for (var j = 0; beside && j < beside.length; j++) {
            if (beside[j].name === "Fingering" && beside[j].text) { found.push([i, beside[j].text]); }
        }
    }
    return found;
}

function marksIn(list) {
    var marks = [];
    for (var i = 0; list && i < list.length; i++) { marks.push(markOf(list[i])); }
    return marks;
}

function partsOf(score) {
    var parts = [];
    for (var i = 0; i < score.parts.length; i++) {
        var p = score.parts[i];
        parts.push({
            name: p.longName || p.partName || "",
            short: p.shortName || "",
            instrument: p.partName || "",
            program: p.midiProgram,
            drums: !!p.hasDrumStaff,
            staves: Math.round((p.endTrack - p.startTrack) / 4)
        });
    }
    return parts;
}

// The written key of every staff, as [tick, staff, fifths] where it changes.
function keysOf(score, ticks) {
    var keys = [];
    var cursor = score.newCursor();
    for (var staff = 0; staff < score.nstaves; staff++) {
        var before = null;
        cursor.rewind(0);
        cursor.staffIdx = staff;
        cursor.voice = 0;
        cursor.rewind(0);
        while (cursor.segment) {
            var key = cursor.keySignature;
            if (key !== before) { keys.push([cursor.tick, staff, key]); }
            before = key;
            if (!cursor.nextMeasure()) { break; }
        }
    }
    return keys;
}

// Names of the values of MuseScore's enumerations, which differ from version to version.
// enumerations: {beam: Beam, grace: NoteType, symbol: SymId or null}
function namesOf(enumerations) {
    var names = {};
    for (var kind in enumerations) {
        names[kind] = {};
        for (var name in enumerations[kind] || {}) {
            names[kind]["" + enumerations[kind][name]] = name;
        }
    }
    return names;
}

// All notes at once, for those who need not care about a window.
function notesOf(score, division, names) {
    var reader = new NoteReader(score, division, names);
    while (!reader.step(1000)) { /* goes on */ }
    return JSON.parse(reader.text());
}
