// A stub of MuseScore 4's plugin API: what the panel uses, and no more. Not MuseScore.
import QtQuick

Item {
    property string menuPath
    property string version
    property string description
    property string pluginType
    property string dockArea
    property bool requiresScore: true
    property int division: 480
    property int mscoreMajorVersion: 4
    property int mscoreMinorVersion: 5
    property var curScore: makeScore()
    property var written: []
    property var exported: []
    property var opened: []
    signal run()

    function writeScore(score, path, format) { exported.push(path); return false; }  // as 4.0 to 4.6
    function readScore(path) { opened.push(path); return false; }
    function newElement(type) { return {type: type, text: ""}; }
    function cmd(name) {}

    // Six bars of 4/4 in two staves, a whole note each; bars 3 to 5 are selected.
    function makeScore() {
        var measures = [];
        function segment(bar) {
            var s = {name: "Segment", tick: bar * 1920, nextInMeasure: null, annotations: []};
            s.elementAt = function (track) {
                if (track % 4) { return null; }
                var note = {name: "Note", pitch: 60 + bar + track, tpc: 14, tpc1: 14, line: 10, tieForward: null, accidental: null};
                return {
                    name: "Chord", track: track, parent: s, visible: true, beamMode: 0, staffMove: 0, noStem: false,
                    duration: {numerator: 1, denominator: 1}, tuplet: null, notes: [note],
                    graceNotes: [], articulations: [{name: "Articulation", symbol: 700}]
                };
            };
            return s;
        }
        for (var i = 0; i < 6; i++) {
            measures.push({name: "Measure", firstSegment: segment(i), nextMeasure: null, irregular: false, noOffset: 0});
            if (i) { measures[i - 1].nextMeasure = measures[i]; }
        }
        var written_ = written;
        return {
            title: "Stub", composer: "", lyricist: "", nstaves: 2, ntracks: 8, scoreName: "stub",
            firstMeasure: measures[0], lastSegment: {tick: 6 * 1920},
            parts: [0, 1].map(function (n) {
                return {longName: "Flute " + n, partName: "Flute", shortName: "Fl.", midiProgram: 73,
                    hasDrumStaff: false, startTrack: 4 * n, endTrack: 4 * n + 4};
            }),
            selection: {elements: [], isRange: true}, spanners: [],
            startCmd: function () {}, endCmd: function () {},
            setMetaTag: function (name, value) { written_.push([name, value]); },
            newCursor: function () {
                return {
                    staffIdx: 0, voice: 0, tick: 0, segment: null, keySignature: 0, bar: 0,
                    rewind: function (mode) {
                        this.bar = mode === 1 ? 2 : mode === 2 ? 5 : 0;
                        this.tick = this.bar * 1920;
                        this.segment = measures[this.bar].firstSegment;
                        this.staffIdx = mode === 2 ? 2 : mode === 1 ? 0 : this.staffIdx;  // 4 counts one more
                    },
                    nextMeasure: function () {
                        this.bar += 1;
                        this.tick = this.bar * 1920;
                        this.segment = this.bar < 6 ? measures[this.bar].firstSegment : null;
                        return this.segment !== null;
                    },
                    add: function (element) { written_.push([this.bar + 1, element.text]); }
                };
            }
        };
    }
}
