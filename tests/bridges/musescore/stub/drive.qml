// Opens the panel, asks once, writes a tag, and tells what came of it.
import QtQuick

Window {
    id: window
    width: 320
    height: 900
    visible: true
    property var panel: null
    property int waited: 0

    Loader {
        anchors.fill: parent
        source: Qt.application.arguments[Qt.application.arguments.length - 1]
        onLoaded: {
            window.panel = item;
            item.run();
            item.ask();
        }
    }
    Timer {
        interval: 200
        repeat: true
        running: true
        onTriggered: {
            window.waited += 1;
            var panel = window.panel;
            var isDone = panel && (panel.phase !== "asking" && (panel.tags.length > 0 || panel.phase !== "answers"));
            if (!isDone && window.waited < 400) { return; }
            stop();
            if (panel.tags.length) { panel.writeTag(panel.tags[0]); panel.keepTags(); }
            console.log("TOLD " + JSON.stringify({
                phase: panel.phase, asked: panel.asked, heading: panel.heading, hint: panel.hint,
                tags: panel.tags, written: panel.written, exported: panel.exported.length,
                dock: panel.pluginType, size: panel.size
            }));
            Qt.exit(0);
        }
    }
}
