// @MARK@
// The CLaMP 3 panel: asks the daemon what else sounds like the selected bars.
// One file for MuseScore 3.2 to 4.x: QtQuick primitives only, ES5.
import QtQuick 2.9
import MuseScore 3.0
import FileIO 3.0
import "clamp3_place.js" as Place
import "clamp3_words.js" as Words
import "clamp3_score.js" as Score
import "clamp3.js" as Clamp3

MuseScore {
    id: root
    menuPath: "Plugins.CLaMP 3"
    version: "1.0"
    description: "Find what else sounds like the selected bars"
    //4.4 title: "CLaMP 3"
    //4.4 categoryCode: "composing-arranging-tools"
    pluginType: "dock"
    dockArea: "right"
    requiresScore: false
    width: 300
    height: 720
    implicitWidth: 300
    implicitHeight: 720

    property string phase: "ready"
    property string heading: ""
    property string hint: ""
    property string asked: ""
    property string notice: ""
    property string warning: ""
    property bool live: false
    property var tags: []
    property bool tagging: false
    property var daemon: null
    property var underWay: null
    property var place: null
    property var content: null
    property var reader: null
    property int retries: 0
    property int waited: 0
    property string seen: ""
    property string settled: ""
    property int previewed: 0
    property int took: 0
    property real begun: 0
    property var starter: null
    onPhaseChanged: console.log("clamp3 panel: " + phase + ", hits " + hits.count)

    property int column: Words.columnOf(Qt.locale().name)

    // --- looks

    SystemPalette { id: palette; colorGroup: SystemPalette.Active }
    property var theme: null  // of MuseScore 4, where there is one
    property color ground: theme ? theme.backgroundPrimaryColor : palette.window
    property color ink: theme ? theme.fontPrimaryColor : palette.windowText
    property color accent: theme ? theme.accentColor : palette.highlight
    property color accentInk: Clamp3.isDark(accent) ? "#ffffff" : "#10151a"
    property bool dark: Clamp3.isDark(ground)
    property color faint: Clamp3.mix(ink, ground, 0.38)
    property color edge: Clamp3.mix(ground, ink, dark ? 0.22 : 0.18)
    property color raised: dark ? Clamp3.mix(ground, ink, 0.07) : Clamp3.mix(ground, Qt.rgba(1, 1, 1, 1), 0.7)
    property color pressed: Clamp3.mix(ground, ink, 0.16)
    property int size: Math.max(11, Math.min(15, Qt.application.font.pixelSize > 0 ? Qt.application.font.pixelSize : 12))
    property int gap: 8
    property bool narrow: width < 250

    function t(key, first, second) { return Words.say(column, key, first, second); }

    function findTheme() {
        var modules = ["Muse.Ui", "MuseScore.Ui 1.0"];
        for (var i = 0; i < modules.length && mscoreMajorVersion >= 4; i++) {
            try {
                var made = Qt.createQmlObject(
                    "import QtQuick 2.9\nimport " + modules[i] + "\nQtObject { property var theme: ui.theme }", root);
                if (made.theme) { theme = made.theme; return; }
            } catch (error) { /* this version has it under another name */ }
        }
    }

    Component.onCompleted: {
        if (mscoreMajorVersion >= 4 && mscoreMinorVersion < 4) { pluginType = "dialog"; }
        findTheme();
    }

    onRun: {
        readRun();
        settled = curScore ? Score.selectionKey(curScore) : "";
        seen = settled;
        button.focusIt();
    }

    FileIO { id: runFile; source: Place.runFile }
    FileIO { id: exported }

    function readRun() {
        var before = daemon ? daemon.port + daemon.token : "";
        daemon = runFile.exists() ? Clamp3.readRun(runFile.read()) : null;
        var differs = daemon ? Clamp3.mismatch(daemon, Place.version) : "";
        warning = differs ? t("versions", Place.version, daemon.version) : "";
        return daemon !== null && daemon.port + daemon.token !== before;
    }

    // --- asking

    function clear() {
        hits.clear();
        tags = [];
        tagging = false;
        notice = "";
        previewed = 0;
    }

    function show(newPhase, newHeading, newHint) {
        phase = newPhase;
        heading = newHeading || "";
        hint = newHint || "";
    }

    function stop() {
        if (underWay) { underWay.abort(); }
        underWay = null;
        reader = null;
        patience.stop();
        starting.stop();
        soon.stop();
    }

    function describe(where) {
        if (!where) { return t("whole"); }
        function span(one, many, pair) {
            return pair[0] === pair[1] ? t(one, pair[0]) : t(many, pair[0] + "–" + pair[1]);
        }
        return span("bar", "bars", where.bars) + " · " + span("staff", "staves", where.staves);
    }

    function ask() {
        stop();
        clear();
        retries = 1;
        begun = Date.now();
        if (!curScore) { asked = ""; show("message", t("noScore")); return; }
        place = Score.selected(curScore);
        asked = t("askedFor", describe(place));
        settled = Score.selectionKey(curScore);
        seen = settled;
        show("asking", t("reading"));
        readRun();
        soon.start();  // so that the window shows what is going on before the score is written
    }

    Timer { id: soon; interval: 20; onTriggered: root.takeScore() }

    function takeScore() {
        if (place && Score.isLarge(curScore)) { walk(place.bars); return; }
        var name = exported.tempPath() + "/clamp3-" + Date.now() + "-" + Math.floor(Math.random() * 1e9);
        var written = false;
        try { written = writeScore(curScore, name, "musicxml"); } catch (error) { written = false; }
        exported.source = name + ".musicxml";
        var text = exported.exists() ? exported.read() : "";
        if (exported.exists()) { exported.remove(); }
        if (written !== false && text.length > 100) {
            content = {name: "score.musicxml", text: text};
            upload();
            return;
        }
        walk(null);
    }

    // Takes the notes, in steps: of the whole score, or of some bars.
    function walk(bars) {
        reader = new Score.NoteReader(curScore, division, Score.namesOf({
            beam: typeof Beam === "undefined" ? {} : Beam,
            grace: typeof NoteType === "undefined" ? {} : NoteType,
            symbol: typeof SymId === "undefined" ? {} : SymId
        }), bars);
        steps.start();
    }

    Timer {
        id: steps
        interval: 1
        repeat: true
        onTriggered: {
            if (!root.reader) { stop(); return; }
            if (!root.reader.step(60)) { return; }
            stop();
            root.content = {name: "score.notes", text: root.reader.text()};
            root.reader = null;
            root.upload();
        }
    }

    function upload() {
        if (!daemon) { startDaemon(); return; }
        show("asking", t("asking"));
        patience.restart();
        underWay = Clamp3.send(daemon, "POST", "/v1/upload?name=" + content.name, content.text,
            Clamp3.SCORE_TYPE, function (status, answer) {
                if (status === 200) { find(answer.upload_id); } else { failed(status, answer); }
            });
    }

    function find(uploadId) {
        var question = Clamp3.question(uploadId, place, 10);
        underWay = Clamp3.sendJson(daemon, "/v1/find", question, function (status, answer) {
            var told = Clamp3.meaning(status, answer);
            if (told.state !== "answers") { failed(status, answer); return; }
            answered(told.hits);
            fetchTags(uploadId);
        });
    }

    function answered(found) {
        patience.stop();
        content = null;
        for (var i = 0; i < found.length; i++) {
            var hit = found[i];
            hits.append({
                title: Clamp3.titleOf(hit.piece),
                composer: hit.piece.composer || Clamp3.folderOf(hit.piece.path),
                place: placeText(hit),
                rank: hit.rank,
                path: hit.piece.path,
                writable: Clamp3.canWriteOut(hit.piece),
                picture: "",
                json: JSON.stringify(hit)
            });
        }
        took = Date.now() - begun;
        show(found.length ? "answers" : "message", found.length ? "" : t("nothing"));
        nextPreview();
    }

    function placeText(hit) {
        var where = Clamp3.whereOf(hit.passage);
        var parts = [];
        if (where) { parts.push(where.bars ? t(where.bars.indexOf("–") < 0 ? "bar" : "bars", where.bars) : where.time); }
        if (hit.piece.modality !== "score") { parts.push(t(hit.piece.modality)); }
        return parts.join(" · ");
    }

    function fetchTags(uploadId) {
        var question = Clamp3.question(uploadId, place, 8);
        question.languages = [Words.LANGUAGES[column], "en"];
        tagging = true;
        underWay = Clamp3.sendJson(daemon, "/v1/tag", question, function (status, answer) {
            underWay = null;
            tagging = false;
            if (status === 200 && answer && answer.tags) { tags = answer.tags.map(labelOf); }
        });
    }

    function labelOf(tag) {
        var labels = tag.labels || {};
        return labels[Words.LANGUAGES[column]] || labels.en || tag.tag;
    }

    function nextPreview() {
        if (previewed >= hits.count) { return; }
        var index = previewed;
        previewed += 1;
        var hit = JSON.parse(hits.get(index).json);
        Clamp3.send(daemon, "GET", Clamp3.previewPath(hit), null, "", function (status, answer) {
            if (index < hits.count && hits.get(index).json === JSON.stringify(hit)) {
                if (status === 200 && typeof answer === "string") {
                    hits.setProperty(index, "picture", "data:image/svg+xml;base64," + Qt.btoa(answer));
                }
                nextPreview();
            }
        });
    }

    // What went wrong; once, the daemon may be another one than before, and is asked again.
    function failed(status, answer) {
        var told = Clamp3.meaning(status, answer);
        patience.stop();
        if (told.state === "noDaemon") {
            var changed = readRun();
            if ((changed || status === 401) && daemon && retries > 0 && content) { retries -= 1; upload(); return; }
            if (!daemon && retries > 0 && content) { retries -= 1; startDaemon(); return; }
        }
        if (told.wait && waited < 60) { waited += 1; waiting.start(); return; }
        waited = 0;
        clear();
        if (told.state === "noDaemon") { show("noDaemon", t("noDaemon"), t("noDaemonHint")); }
        else if (told.state === "empty") { show("message", t("empty"), t("emptyHint")); }
        else if (told.state === "noMusic") { show("message", t("noMusic"), t("noMusicHint")); }
        else { show("message", t("error"), told.message + (told.hint ? "\n" + told.hint : "")); }
    }

    Timer { id: waiting; interval: 1000; onTriggered: root.upload() }

    Timer {
        id: patience
        interval: 90000
        onTriggered: {
            root.stop();
            root.clear();
            root.show("message", root.t("error"), "90 s");
        }
    }

    // --- starting the daemon

    function startDaemon() {
        if (!Place.start.length) { show("noDaemon", t("noDaemon"), t("noDaemonHint")); return; }
        try {
            starter = starter || Qt.createQmlObject("import MuseScore 3.0\nQProcess {}", root);
            if (starter.startWithArgs) {
                starter.startWithArgs(Place.start[0], Place.start.slice(1));
            } else {
                starter.start(Place.start.map(function (word) { return '"' + word + '"'; }).join(" "));
            }
        } catch (error) {
            show("noDaemon", t("noDaemon"), t("noDaemonHint"));
            return;
        }
        show("asking", t("starting"));
        starting.tries = 0;
        starting.start();
    }

    Timer {
        id: starting
        property int tries: 0
        interval: 300
        repeat: true
        onTriggered: {
            tries += 1;
            root.readRun();
            if (root.daemon) {
                stop();
                if (root.content) { root.upload(); } else { root.show("ready"); }
            } else if (tries > 300) {  // 90 s: the first start reads the model from a cold disk
                stop();
                root.clear();
                root.show("noDaemon", root.t("noDaemon"), root.t("noDaemonHint"));
            }
        }
    }

    // --- live

    Timer {
        interval: 500
        repeat: true
        running: root.live && root.visible
        onTriggered: {
            if (!curScore) { return; }
            var key = Score.selectionKey(curScore);
            var quiet = key === root.seen;
            root.seen = key;
            if (quiet && key !== root.settled && key.indexOf("//0/") !== 0) { root.ask(); }
        }
    }

    // --- what can be done with a hit

    function openHit(index, thenPlay) {
        var hit = JSON.parse(hits.get(index).json);
        var path = hit.piece.path;
        if (showOpened(path)) { arrive(hit, thenPlay); return; }
        if (Clamp3.canOpen(path) || !Clamp3.canWriteOut(hit.piece) || mscoreMajorVersion >= 4) {
            opened(hit, Clamp3.canOpen(path) ? readPiece(path, path) : null, thenPlay);
            return;
        }
        notice = "";
        fetch(Clamp3.excerptPath({piece: hit.piece}), function (status, answer) {
            if (status !== 200 || typeof answer !== "string") { refused(answer); return; }
            exported.source = exported.tempPath() + "/" + Clamp3.fileName(hit.piece) + ".musicxml";
            exported.write(answer);
            opened(hit, readPiece(exported.source, path), thenPlay);
            exported.remove();
        });
    }

    function readPiece(file, path) {
        var read = null;
        try { read = readScore(file); } catch (error) { read = null; }
        if (read) { shown[path] = Score.signature(read); }
        return read;
    }

    function opened(hit, score, thenPlay) {
        var path = hit.piece.path;
        if (score) { arrive(hit, thenPlay); return; }
        if (!Qt.openUrlExternally(Clamp3.fileUrl(path))) { notice = t("cannotOpen", Clamp3.nameOf(path)); }
    }

    // Shows a piece that this panel opened before: MuseScore would read it again, and ask whether to
    // save it first.
    property var shown: ({})
    function showOpened(path) {
        if (mscoreMajorVersion >= 4 || !shown[path]) { return false; }
        for (var i = 0; i < scores.length; i++) {
            if (curScore && Score.signature(curScore) === shown[path]) { return true; }
            cmd("next-score");
        }
        return false;
    }

    function arrive(hit, thenPlay) {
        notice = "";
        goTo(hit.passage);
        if (thenPlay) { playing.start(); }
    }

    // A moment later: MuseScore would begin where the cursor stood before.
    Timer { id: playing; interval: 150; onTriggered: cmd("play") }

    // Asks for a file; once more where the daemon is another one than before.
    function fetch(path, done) {
        function ask(then) {
            if (daemon) { Clamp3.send(daemon, "GET", path, null, "", then); } else { done(0, null); }
        }
        ask(function (status, answer) {
            if ((status === 0 || status === 401) && readRun()) { ask(done); } else { done(status, answer); }
        });
    }

    function refused(answer) {
        notice = answer && answer.error ? answer.error.message
            : answer ? t("error") : t("noDaemon") + " " + t("noDaemonHint");
    }

    function goTo(passage) {
        if (!passage || !passage.first_bar || !curScore) { return; }
        var ticks = Score.measureTicks(curScore);
        var last = Math.min(passage.last_bar, ticks.length - 1);
        var selection = curScore.selection;
        if (selection && selection.selectRange) {
            curScore.startCmd();
            selection.selectRange(ticks[passage.first_bar - 1], ticks[last], 0, curScore.nstaves);
            curScore.endCmd();
            return;
        }
        cmd("first-element");
        for (var i = 1; i < passage.first_bar; i++) { cmd("next-measure"); }
    }

    function insertHit(index) {
        var hit = JSON.parse(hits.get(index).json);
        fetch(Clamp3.excerptPath(hit), function (status, answer) {
            if (status === 200 && typeof answer === "string") {
                notice = "";
                paste(answer, Clamp3.titleOf(hit.piece));
            } else {
                refused(answer);
            }
        });
    }

    // Shows the passage as a score, copies it, closes it and pastes. Commands go to the score that is
    // shown; one that came from MusicXML would ask to be saved, so it is made one of MuseScore's first.
    function paste(musicxml, title) {
        var name = exported.tempPath() + "/clamp3-passage-" + Date.now();
        exported.source = name + ".musicxml";
        exported.write(musicxml);
        var shown = null;
        try {
            var read = readScore(exported.source, true);
            writeScore(read, name, "mscz");
            closeScore(read);
            shown = readScore(name + ".mscz", false);
        } catch (error) { shown = null; }
        if (shown) {
            cmd("select-all");
            cmd("copy");
            closeScore(shown);
            cmd("paste");
        } else {
            notice = t("cannotOpen", title);
        }
        exported.remove();
        exported.source = name + ".mscz";
        if (exported.exists()) { exported.remove(); }
    }

    // --- tags into the score

    function writeTag(word) {
        if (!curScore) { return; }
        var where = Score.selected(curScore) || place;
        var bar = where ? where.bars[0] : 1;
        var cursor = curScore.newCursor();
        cursor.staffIdx = where ? where.staves[0] - 1 : 0;
        cursor.voice = 0;
        cursor.rewind(0);
        for (var i = 1; i < bar; i++) { cursor.nextMeasure(); }
        var text = newElement(Element.SYSTEM_TEXT);
        text.text = word;
        curScore.startCmd();
        cursor.add(text);
        curScore.endCmd();
        notice = t("written", word, t("bar", bar));
    }

    function keepTags() {
        if (!curScore || !tags.length) { return; }
        curScore.startCmd();
        curScore.setMetaTag("clamp3Tags", tags.join(", "));
        curScore.endCmd();
        notice = t("kept");
    }

    // --- what is seen

    ListModel { id: hits }

    Component {
        id: textButton
        Rectangle {
            id: box
            property bool strong: parent ? parent.strong === true : false
            implicitWidth: word.implicitWidth + (strong ? 24 : 16)
            implicitHeight: word.implicitHeight + (strong ? 14 : 8)
            radius: 4
            color: strong
                ? (mouse.pressed ? Qt.darker(root.accent, 1.15) : mouse.containsMouse ? Qt.lighter(root.accent, 1.08) : root.accent)
                : (mouse.pressed ? root.pressed : mouse.containsMouse ? Clamp3.mix(root.ground, root.ink, 0.1) : "transparent")
            border.width: activeFocus ? 2 : strong ? 0 : 1
            border.color: activeFocus ? (strong ? root.ink : root.accent) : root.edge
            activeFocusOnTab: true
            Accessible.role: Accessible.Button
            Accessible.name: word.text
            Keys.onReturnPressed: parent.act()
            Keys.onEnterPressed: parent.act()
            Keys.onSpacePressed: parent.act()
            Text {
                id: word
                anchors.centerIn: parent
                width: Math.min(implicitWidth, parent.width - 8)
                elide: Text.ElideRight
                text: box.parent ? box.parent.label : ""
                color: box.strong ? root.accentInk : root.ink
                font.pixelSize: box.strong ? root.size + 1 : root.size - 1
                font.bold: box.strong
            }
            MouseArea {
                id: mouse
                anchors.fill: parent
                hoverEnabled: true
                cursorShape: Qt.PointingHandCursor
                onClicked: { box.forceActiveFocus(); box.parent.act(); }
            }
        }
    }

    Rectangle {
        anchors.fill: parent
        color: root.ground
    }

    Flickable {
        id: page
        anchors.fill: parent
        anchors.margins: root.narrow ? 6 : 10
        contentWidth: width
        contentHeight: rows.height
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        flickableDirection: Flickable.VerticalFlick

        Column {
            id: rows
            width: page.width
            spacing: root.gap

            Item {
                width: parent.width
                height: Math.max(name.height, switchRow.height)
                Text {
                    id: name
                    anchors.verticalCenter: parent.verticalCenter
                    text: "CLaMP 3"
                    color: root.ink
                    font.pixelSize: root.size + 3
                    font.bold: true
                }
                Row {
                    id: switchRow
                    anchors.right: parent.right
                    anchors.verticalCenter: parent.verticalCenter
                    spacing: 6
                    Text {
                        anchors.verticalCenter: parent.verticalCenter
                        text: root.t("live")
                        color: root.faint
                        font.pixelSize: root.size - 1
                    }
                    Rectangle {
                        id: liveSwitch
                        width: 30
                        height: 16
                        radius: 8
                        color: root.live ? root.accent : root.pressed
                        border.width: activeFocus ? 2 : 1
                        border.color: activeFocus ? root.ink : root.edge
                        activeFocusOnTab: true
                        Accessible.role: Accessible.CheckBox
                        Accessible.name: root.t("liveHint")
                        Accessible.checked: root.live
                        function flip() { root.live = !root.live; }
                        Keys.onSpacePressed: flip()
                        Keys.onReturnPressed: flip()
                        Rectangle {
                            width: 12
                            height: 12
                            radius: 6
                            y: 2
                            x: root.live ? parent.width - 14 : 2
                            color: root.live ? root.accentInk : root.faint
                            Behavior on x { NumberAnimation { duration: 90 } }
                        }
                        MouseArea {
                            anchors.fill: parent
                            anchors.margins: -5
                            cursorShape: Qt.PointingHandCursor
                            onClicked: { liveSwitch.forceActiveFocus(); liveSwitch.flip(); }
                        }
                    }
                }
            }

            Loader {
                id: button
                width: parent.width
                property bool strong: true
                property string label: root.phase === "asking" ? root.t("cancel") : root.t("find")
                function act() {
                    if (root.phase === "asking") { root.stop(); root.clear(); root.show("ready"); } else { root.ask(); }
                }
                sourceComponent: textButton
                onLoaded: item.width = Qt.binding(function () { return button.width; })
                function focusIt() { if (item) { item.forceActiveFocus(); } }
            }

            Text {
                width: parent.width
                visible: root.asked !== "" && root.phase !== "ready"
                text: root.asked
                color: root.faint
                wrapMode: Text.WordWrap
                font.pixelSize: root.size - 1
            }

            Text {
                width: parent.width
                visible: root.phase === "ready"
                text: root.t("intro")
                color: root.faint
                wrapMode: Text.WordWrap
                lineHeight: 1.15
                font.pixelSize: root.size
            }

            // being asked
            Column {
                width: parent.width
                visible: root.phase === "asking"
                spacing: 6
                Text {
                    width: parent.width
                    text: root.heading
                    color: root.ink
                    wrapMode: Text.WordWrap
                    font.pixelSize: root.size
                }
                Rectangle {
                    width: parent.width
                    height: 3
                    radius: 1.5
                    color: root.pressed
                    clip: true
                    Rectangle {
                        width: parent.width / 3
                        height: parent.height
                        radius: 1.5
                        color: root.accent
                        SequentialAnimation on x {
                            running: root.phase === "asking"
                            loops: Animation.Infinite
                            NumberAnimation { from: -60; to: page.width; duration: 1300; easing.type: Easing.InOutQuad }
                        }
                    }
                }
            }

            // no answer, and what to do
            Rectangle {
                width: parent.width
                height: told.height + 20
                visible: root.phase === "message" || root.phase === "noDaemon"
                radius: 5
                color: root.raised
                border.width: 1
                border.color: root.edge
                Rectangle {
                    width: 3
                    height: parent.height
                    radius: 1.5
                    color: root.phase === "noDaemon" ? "#d9822b" : root.accent
                }
                Column {
                    id: told
                    x: 12
                    y: 10
                    width: parent.width - 22
                    spacing: 6
                    Text {
                        width: parent.width
                        text: root.heading
                        color: root.ink
                        wrapMode: Text.WordWrap
                        font.pixelSize: root.size
                        font.bold: true
                    }
                    Text {
                        width: parent.width
                        visible: text !== ""
                        text: root.hint
                        color: root.ink
                        wrapMode: Text.Wrap
                        lineHeight: 1.15
                        font.pixelSize: root.size - 1
                    }
                    Loader {
                        visible: root.phase === "noDaemon"
                        property string label: Place.start.length ? root.t("start") : root.t("again")
                        function act() { if (Place.start.length) { root.startDaemon(); } else { root.ask(); } }
                        sourceComponent: textButton
                    }
                }
            }

            Text {
                width: parent.width
                visible: root.warning !== ""
                text: root.warning
                color: root.dark ? "#e8b26a" : "#8a5300"
                wrapMode: Text.Wrap
                font.pixelSize: root.size - 1
            }

            Text {
                width: parent.width
                visible: root.notice !== ""
                text: root.notice
                color: root.accent
                wrapMode: Text.Wrap
                font.pixelSize: root.size - 1
            }

            // tags
            Column {
                width: parent.width
                visible: (root.tags.length > 0 || root.tagging) && root.phase === "answers"
                spacing: 5
                Text {
                    text: root.t("tags")
                    color: root.faint
                    font.pixelSize: root.size - 2
                    font.bold: true
                    font.capitalization: Font.AllUppercase
                    font.letterSpacing: 0.6
                }
                Flow {
                    width: parent.width
                    // room for two rows, so that hits do not move under the mouse when words come
                    height: Math.max(implicitHeight, 2 * (root.size + 15) + 4)
                    spacing: 4
                    Repeater {
                        model: root.tags
                        Loader {
                            property string label: modelData
                            function act() { root.writeTag(modelData); }
                            sourceComponent: textButton
                        }
                    }
                }
                Text {
                    width: parent.width
                    text: root.t("tagHint") + " · <u>" + root.t("asProperty") + "</u>"
                    textFormat: Text.StyledText
                    color: root.faint
                    wrapMode: Text.WordWrap
                    font.pixelSize: root.size - 2
                    activeFocusOnTab: true
                    Accessible.role: Accessible.Button
                    Accessible.name: root.t("asProperty")
                    font.bold: activeFocus
                    Keys.onReturnPressed: root.keepTags()
                    Keys.onSpacePressed: root.keepTags()
                    MouseArea {
                        anchors.fill: parent
                        cursorShape: Qt.PointingHandCursor
                        onClicked: root.keepTags()
                    }
                }
            }

            // hits
            Repeater {
                model: hits
                Rectangle {
                    id: card
                    width: rows.width
                    height: body.height + 18
                    radius: 5
                    color: root.raised
                    border.width: 1
                    border.color: root.edge
                    Column {
                        id: body
                        x: 10
                        y: 9
                        width: parent.width - 20
                        spacing: 3
                        Row {
                            width: parent.width
                            spacing: 6
                            Text {
                                id: number
                                text: rank
                                color: root.accent
                                font.pixelSize: root.size
                                font.bold: true
                            }
                            Text {
                                width: parent.width - number.width - 6
                                text: title
                                color: root.ink
                                wrapMode: Text.Wrap
                                maximumLineCount: 2
                                elide: Text.ElideRight
                                textFormat: Text.PlainText
                                font.pixelSize: root.size
                                font.bold: true
                            }
                        }
                        Text {
                            width: parent.width
                            visible: text !== ""
                            text: [composer, place].filter(function (part) { return part !== ""; }).join(" · ")
                            color: root.faint
                            wrapMode: Text.Wrap
                            textFormat: Text.PlainText
                            font.pixelSize: root.size - 1
                        }
                        Rectangle {
                            width: parent.width
                            height: visible ? sheet.height + 10 : 0
                            visible: picture !== ""
                            radius: 3
                            color: "#ffffff"
                            border.width: root.dark ? 0 : 1
                            border.color: "#dddddd"
                            Image {
                                id: sheet
                                x: 5
                                y: 5
                                width: parent.width - 10
                                height: implicitWidth > 0 ? width * implicitHeight / implicitWidth : 0
                                source: picture
                                sourceSize.width: Math.max(1, Math.round(width * 2))
                                fillMode: Image.PreserveAspectFit
                                asynchronous: false
                                smooth: true
                            }
                            MouseArea {
                                anchors.fill: parent
                                cursorShape: Qt.PointingHandCursor
                                onClicked: root.openHit(index, false)
                            }
                        }
                        Item { width: 1; height: 2 }
                        Flow {
                            width: parent.width
                            spacing: 4
                            Loader {
                                property string label: root.t("open")
                                function act() { root.openHit(index, false); }
                                sourceComponent: textButton
                            }
                            Loader {
                                property string label: root.t("play")
                                visible: mscoreMajorVersion < 4 && (Clamp3.canOpen(path) || writable)
                                function act() { root.openHit(index, true); }
                                sourceComponent: textButton
                            }
                            Loader {
                                property string label: root.t("paste")
                                visible: mscoreMajorVersion < 4 && writable
                                function act() { root.insertHit(index); }
                                sourceComponent: textButton
                            }
                        }
                    }
                }
            }
        }
    }
}
