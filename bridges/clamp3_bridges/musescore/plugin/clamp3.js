// @MARK@
// Asking the daemon: where it is, one request, and what an answer means for the panel.
//
// ES5 only. Nothing here knows QML; the panel passes in what it has (a reader of files, a clock).
.pragma library

var API = 1;
var PICTURED = 4;  // bars
var HIGHEST = 800;  // of a picture 1100 wide: a few lines of a tune, one line of a quartet
var SCORE_TYPE = "application/vnd.recordare.musicxml+xml";
var OPENABLE = /\.(mscz|mscx|musicxml|mxl|xml|mid|midi)$/i;

// The daemon's run file as values, or null where there is none.
function readRun(text) {
    var run;
    try { run = JSON.parse(text); } catch (error) { return null; }
    return run && run.port && run.token ? run : null;
}

// One request. done(status, answer) is called once: status 0 means that nobody answered, and the
// answer is null where it is no JSON. Gives the request, which can be aborted.
function send(run, method, path, body, type, done, wait) {
    var request = new XMLHttpRequest();
    var ended = false;
    function end(status, text) {
        if (ended) { return; }
        ended = true;
        var answer = null;
        try { answer = JSON.parse(text); } catch (error) { answer = text || null; }
        done(status, answer);
    }
    request.onreadystatechange = function () {
        if (request.readyState === 4) { end(request.status, request.responseText); }
    };
    request.open(method, "http://127.0.0.1:" + run.port + path, !wait);
    request.setRequestHeader("Authorization", "Bearer " + run.token);
    if (body !== null) { request.setRequestHeader("Content-Type", type || "application/json"); }
    request.send(body === null ? "" : body);
    return {
        abort: function () { ended = true; request.abort(); }
    };
}

function sendJson(run, path, fields, done, wait) {
    return send(run, "POST", path, JSON.stringify(fields), "application/json", done, wait);
}

// What to show for an answer: {state, ...}. States of the panel:
//   ready, starting, asking, answers, noDaemon, empty, noMusic, error
function meaning(status, answer) {
    if (status === 0) { return {state: "noDaemon"}; }
    var error = answer && answer.error;
    if (status === 200 && answer && answer.hits) {
        if (answer.reason === "library_empty") { return {state: "empty"}; }
        return {state: "answers", hits: answer.hits};
    }
    if (error) {
        if (error.code === "library_empty") { return {state: "empty"}; }
        if (error.code === "empty") { return {state: "noMusic"}; }
        if (error.code === "unauthorized") { return {state: "noDaemon", again: true}; }
        if (error.code === "usage" && /empty/.test(error.message)) { return {state: "noMusic"}; }
        var loading = answer.state === "loading" || error.code === "busy" || error.code === "model_not_ready";
        return {state: "error", message: error.message, hint: error.hint || "", wait: loading && answer.state === "loading"};
    }
    return {state: "error", message: "HTTP " + status, hint: ""};
}

// Whether versions differ: "" or "older" (the panel is), "newer", "other" (another interface).
function mismatch(run, version) {
    if (run.api && run.api !== API) { return "other"; }
    return run.version && run.version !== version ? "version" : "";
}

// The question about a score that was uploaded.
function question(uploadId, place, n) {
    var fields = {upload_id: uploadId, n: n};
    if (place && place.bars) { fields.bars = place.bars; }
    if (place && place.staves) { fields.staves = place.staves; }
    return fields;
}

// "9–16" of a hit, "0:18–0:34" for a recording, "" for a whole piece.
function whereOf(passage) {
    if (!passage) { return null; }
    if (passage.first_bar) {
        var first = passage.printed_first || passage.first_bar;
        var last = passage.printed_last || passage.last_bar;
        return {bars: "" + first === "" + last ? "" + first : first + "–" + last};
    }
    return {time: clock(passage.start) + (passage.end ? "–" + clock(passage.end) : "")};
}

function clock(seconds) {
    var whole = Math.floor(seconds || 0);
    var rest = whole % 60;
    return Math.floor(whole / 60) + ":" + (rest < 10 ? "0" : "") + rest;
}

// A title for people: the file's name where the piece has none.
function titleOf(piece) {
    if (piece.title) { return piece.title; }
    return nameOf(piece.path);
}

function nameOf(path) {
    return path.replace(/^.*[\/\\]/, "").replace(/\.[^.]*$/, "");
}

// The folder of a file, for pieces that name no composer.
function folderOf(path) {
    var parts = path.split(/[\/\\]/);
    return parts.length > 2 ? parts[parts.length - 2] : "";
}

// The picture of a hit: its first bars, as many as stay readable in a narrow panel.
function previewPath(hit) {
    var path = "/v1/pieces/" + encodeURIComponent(hit.piece.id) + "/preview.svg";
    var p = hit.passage;
    if (hit.piece.modality !== "score") {  // a piano roll or a waveform, of all that was found
        return path + (p && p.start !== undefined && p.start !== null
            ? "?time=" + p.start + "-" + (p.end || "") : "");
    }
    var first = p && p.first_bar ? p.first_bar : 1;
    var last = p && p.first_bar ? Math.min(p.last_bar, first + PICTURED - 1) : PICTURED;
    return path + "?bars=" + first + "-" + last + "&height=" + HIGHEST;
}

function excerptPath(hit) {
    return "/v1/pieces/" + encodeURIComponent(hit.piece.id) + "/excerpt.musicxml" + barsOf(hit);
}

function barsOf(hit) {
    var p = hit.passage;
    return p && p.first_bar ? "?bars=" + p.first_bar + "-" + p.last_bar : "";
}

// Whether the daemon can write a piece, or bars of it, as MusicXML.
function canWriteOut(piece) {
    return piece.modality === "score" && /\.(musicxml|mxl|xml|mscz|mscx|abc|krn|mei)$/i.test(piece.path);
}

// A name for the file of a piece, which MuseScore shows: without what systems forbid in one.
function fileName(piece) {
    return titleOf(piece).replace(/[\\\/:*?"<>|\x00-\x1f]/g, " ").substring(0, 80) || "clamp3";
}

function canOpen(path) { return OPENABLE.test(path); }

// A file's address for the system.
function fileUrl(path) {
    var parts = path.replace(/\\/g, "/").split("/");
    for (var i = 0; i < parts.length; i++) { parts[i] = encodeURIComponent(parts[i]).replace(/%3A/, ":"); }
    var joined = parts.join("/");
    return (joined.charAt(0) === "/" ? "file://" : "file:///") + joined;
}

// Two colours mixed: 0 gives the first, 1 the second.
function mix(a, b, share) {
    return Qt.rgba(a.r + (b.r - a.r) * share, a.g + (b.g - a.g) * share, a.b + (b.b - a.b) * share, 1);
}

function isDark(colour) {
    return 0.299 * colour.r + 0.587 * colour.g + 0.114 * colour.b < 0.5;
}
