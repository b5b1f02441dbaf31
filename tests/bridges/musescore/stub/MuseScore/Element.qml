// A stub: the one name of MuseScore's enumeration that the panel uses.
import QtQuick

QtObject {
    enum Kind { SYSTEM_TEXT = 43 }
}
