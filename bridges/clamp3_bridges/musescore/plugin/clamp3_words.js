// @MARK@
// What the panel says, in the languages it speaks. %1, %2 are filled in.
.pragma library

var LANGUAGES = ["en", "de", "es", "fr", "zh", "ja", "ko"];

//                en, de, es, fr, zh, ja, ko
var WORDS = {
    find: ["Find similar", "Ähnliches suchen", "Buscar parecidos", "Chercher similaire", "查找相似", "似た音楽を探す", "비슷한 곡 찾기"],
    cancel: ["Cancel", "Abbrechen", "Cancelar", "Annuler", "取消", "中止", "취소"],
    live: ["Live", "Live", "En vivo", "En direct", "实时", "ライブ", "실시간"],
    liveHint: ["Ask again when the selection changes", "Bei neuer Auswahl neu fragen", "Preguntar de nuevo al cambiar la selección", "Redemander quand la sélection change", "选择改变时重新查找", "選択が変わるたびに探す", "선택이 바뀌면 다시 찾기"],
    intro: ["Select some bars and press the button. What sounds like them in your library appears here.", "Takte auswählen und die Taste drücken. Hier erscheint, was in deiner Bibliothek ähnlich klingt.", "Selecciona unos compases y pulsa el botón. Aquí aparece lo que suena parecido en tu biblioteca.", "Sélectionnez des mesures et appuyez sur le bouton. Ce qui leur ressemble dans votre bibliothèque s’affiche ici.", "选择几个小节，然后按下按钮。曲库中相似的音乐会显示在这里。", "小節を選んでボタンを押すと、ライブラリの中の似た音楽がここに表示されます。", "마디를 선택하고 단추를 누르면 라이브러리에서 비슷한 음악이 여기에 나타납니다."],
    bars: ["bars %1", "Takte %1", "compases %1", "mesures %1", "第 %1 小节", "%1 小節", "%1마디"],
    bar: ["bar %1", "Takt %1", "compás %1", "mesure %1", "第 %1 小节", "%1 小節", "%1마디"],
    staves: ["staves %1", "Systeme %1", "pentagramas %1", "portées %1", "第 %1 谱表", "譜表 %1", "보표 %1"],
    staff: ["staff %1", "System %1", "pentagrama %1", "portée %1", "第 %1 谱表", "譜表 %1", "보표 %1"],
    whole: ["whole score", "ganze Partitur", "partitura completa", "partition entière", "整首乐谱", "楽譜全体", "악보 전체"],
    askedFor: ["Asked for: %1", "Gefragt: %1", "Consulta: %1", "Demandé : %1", "查询：%1", "対象：%1", "질문: %1"],
    reading: ["Reading the score …", "Partitur wird gelesen …", "Leyendo la partitura …", "Lecture de la partition …", "正在读取乐谱…", "楽譜を読んでいます…", "악보를 읽는 중…"],
    asking: ["Listening through your library …", "Die Bibliothek wird durchgehört …", "Escuchando tu biblioteca …", "Écoute de votre bibliothèque …", "正在搜索曲库…", "ライブラリを探しています…", "라이브러리를 찾는 중…"],
    starting: ["Starting clamp3 …", "clamp3 startet …", "Iniciando clamp3 …", "Démarrage de clamp3 …", "正在启动 clamp3…", "clamp3 を起動しています…", "clamp3 시작 중…"],
    noDaemon: ["clamp3 is not running", "clamp3 läuft nicht", "clamp3 no está en marcha", "clamp3 n’est pas lancé", "clamp3 未运行", "clamp3 が動いていません", "clamp3가 실행되고 있지 않습니다"],
    noDaemonHint: ["Start it in a terminal: clamp3 daemon start. Then try again; MuseScore can stay open.", "Im Terminal starten: clamp3 daemon start. Dann erneut versuchen; MuseScore kann offen bleiben.", "Inícialo en una terminal: clamp3 daemon start. Luego prueba otra vez; MuseScore puede seguir abierto.", "Lancez-le dans un terminal : clamp3 daemon start. Puis réessayez ; MuseScore peut rester ouvert.", "在终端中启动：clamp3 daemon start，然后重试；无需关闭 MuseScore。", "端末で clamp3 daemon start を実行してから、もう一度試してください。MuseScore は開いたままで構いません。", "터미널에서 clamp3 daemon start 를 실행한 뒤 다시 시도하세요. MuseScore는 그대로 두어도 됩니다."],
    start: ["Start it", "Starten", "Iniciar", "Lancer", "启动", "起動する", "시작"],
    again: ["Try again", "Nochmals", "Reintentar", "Réessayer", "重试", "もう一度", "다시 시도"],
    empty: ["Your library is empty", "Deine Bibliothek ist leer", "Tu biblioteca está vacía", "Votre bibliothèque est vide", "曲库是空的", "ライブラリは空です", "라이브러리가 비어 있습니다"],
    emptyHint: ["Put music into it in a terminal: clamp3 index FOLDER", "Im Terminal Musik hineinlegen: clamp3 index ORDNER", "Añade música en una terminal: clamp3 index CARPETA", "Ajoutez-y de la musique dans un terminal : clamp3 index DOSSIER", "在终端中添加音乐：clamp3 index 文件夹", "端末で音楽を入れます：clamp3 index フォルダー", "터미널에서 음악을 넣으세요: clamp3 index 폴더"],
    noScore: ["No score is open", "Keine Partitur offen", "No hay ninguna partitura abierta", "Aucune partition ouverte", "没有打开的乐谱", "楽譜が開いていません", "열린 악보가 없습니다"],
    noMusic: ["There are no notes in what is selected", "In der Auswahl stehen keine Noten", "No hay notas en la selección", "La sélection ne contient pas de notes", "所选内容中没有音符", "選択した所に音符がありません", "선택한 곳에 음표가 없습니다"],
    noMusicHint: ["Select bars with notes in them.", "Takte mit Noten auswählen.", "Selecciona compases con notas.", "Sélectionnez des mesures avec des notes.", "请选择有音符的小节。", "音符のある小節を選んでください。", "음표가 있는 마디를 선택하세요."],
    error: ["That did not work", "Das ging nicht", "No ha funcionado", "Cela n’a pas marché", "出错了", "うまくいきませんでした", "실패했습니다"],
    lost: ["clamp3 stopped while it was asked", "clamp3 wurde während der Frage beendet", "clamp3 se detuvo durante la consulta", "clamp3 s’est arrêté pendant la demande", "查询时 clamp3 停止了", "問い合わせ中に clamp3 が止まりました", "질문하는 동안 clamp3가 멈췄습니다"],
    nothing: ["Nothing found", "Nichts gefunden", "Nada encontrado", "Rien trouvé", "没有找到", "見つかりませんでした", "찾은 것이 없습니다"],
    open: ["Open", "Öffnen", "Abrir", "Ouvrir", "打开", "開く", "열기"],
    play: ["Play", "Abspielen", "Tocar", "Écouter", "播放", "再生", "재생"],
    paste: ["Insert", "Einfügen", "Insertar", "Insérer", "插入", "挿入", "넣기"],
    cannotOpen: ["MuseScore could not open %1", "MuseScore konnte %1 nicht öffnen", "MuseScore no pudo abrir %1", "MuseScore n’a pas pu ouvrir %1", "MuseScore 无法打开 %1", "MuseScore は %1 を開けませんでした", "MuseScore가 %1 을(를) 열지 못했습니다"],
    tags: ["Sounds like", "Klingt nach", "Suena a", "Évoque", "听起来像", "こんな感じ", "이런 느낌"],
    tagHint: ["A click writes the word above the selection", "Ein Klick schreibt das Wort über die Auswahl", "Un clic escribe la palabra sobre la selección", "Un clic écrit le mot au-dessus de la sélection", "点击即可将该词写在所选内容上方", "クリックすると選択箇所の上に書き込みます", "누르면 선택한 곳 위에 적습니다"],
    asProperty: ["Keep in score properties", "In den Partitureigenschaften ablegen", "Guardar en las propiedades", "Garder dans les propriétés", "保存到乐谱属性", "楽譜のプロパティに保存", "악보 속성에 저장"],
    kept: ["Kept in the score’s properties", "In den Partitureigenschaften abgelegt", "Guardado en las propiedades", "Gardé dans les propriétés", "已保存到乐谱属性", "プロパティに保存しました", "악보 속성에 저장했습니다"],
    written: ["“%1” is written above %2", "„%1“ steht über %2", "«%1» escrito sobre %2", "« %1 » écrit au-dessus de %2", "已将“%1”写在%2上方", "「%1」を%2に書きました", "“%1”을(를) %2 위에 적었습니다"],
    performance: ["MIDI", "MIDI", "MIDI", "MIDI", "MIDI", "MIDI", "MIDI"],
    audio: ["audio", "Audio", "audio", "audio", "音频", "オーディオ", "오디오"],
    score: ["score", "Noten", "partitura", "partition", "乐谱", "楽譜", "악보"],
    versions: ["This panel is of version %1, clamp3 of %2. Renew it: clamp3 bridge install musescore", "Dieses Fenster ist Version %1, clamp3 %2. Erneuern: clamp3 bridge install musescore", "Este panel es de la versión %1, clamp3 de la %2. Renuévalo: clamp3 bridge install musescore", "Ce panneau est en version %1, clamp3 en %2. Renouvelez-le : clamp3 bridge install musescore", "此面板版本为 %1，clamp3 为 %2。更新：clamp3 bridge install musescore", "このパネルは %1、clamp3 は %2 です。更新：clamp3 bridge install musescore", "이 패널은 %1, clamp3는 %2 버전입니다. 갱신: clamp3 bridge install musescore"]
};

// The column of a locale such as "ko_KR"; English for a language that is not here.
function columnOf(locale) {
    var column = LANGUAGES.indexOf(("" + locale).substring(0, 2).toLowerCase());
    return column < 0 ? 0 : column;
}

function say(column, key, first, second) {
    var text = WORDS[key][column];
    if (first !== undefined) { text = text.replace("%1", first); }
    if (second !== undefined) { text = text.replace("%2", second); }
    return text;
}
