// What the page says, in the languages it speaks. %1, %2, %3 are filled in.

export const LANGUAGES = { en: "English", de: "Deutsch", es: "Español", fr: "Français", zh: "中文", ja: "日本語", ko: "한국어" };

const CODES = Object.keys(LANGUAGES);
const KEY = "clamp3.language";

// in the order en, de, es, fr, zh, ja, ko
const WORDS = {
  skip: ["Skip to the content", "Zum Inhalt", "Ir al contenido", "Aller au contenu", "跳到内容", "本文へ", "본문으로"],
  search: ["Search", "Suche", "Buscar", "Recherche", "搜索", "検索", "찾기"],
  library: ["Library", "Bibliothek", "Biblioteca", "Bibliothèque", "曲库", "ライブラリ", "라이브러리"],
  map: ["Map", "Karte", "Mapa", "Carte", "地图", "地図", "지도"],
  language: ["Language", "Sprache", "Idioma", "Langue", "语言", "言語", "언어"],
  themeAuto: ["Light and dark as the system has it", "Hell und dunkel wie das System", "Claro u oscuro según el sistema", "Clair ou sombre selon le système", "明暗跟随系统", "明暗はシステムに合わせる", "시스템에 맞춘 밝기"],
  themeLight: ["Light", "Hell", "Claro", "Clair", "浅色", "明るい", "밝게"],
  themeDark: ["Dark", "Dunkel", "Oscuro", "Sombre", "深色", "暗い", "어둡게"],

  ask: ["Describe music in any language, or drop a file", "Musik beschreiben, in jeder Sprache, oder eine Datei hierher ziehen", "Describe música en cualquier idioma o suelta un archivo", "Décrivez une musique, en toute langue, ou déposez un fichier", "用任何语言描述音乐，或拖入文件", "音楽を言葉で（何語でも）。ファイルを置いてもかまいません", "어떤 언어로든 음악을 설명하거나 파일을 놓으세요"],
  askShort: ["Words, or a file", "Worte oder eine Datei", "Palabras o un archivo", "Des mots ou un fichier", "文字或文件", "言葉かファイル", "글 또는 파일"],
  addFile: ["Ask with a file", "Mit einer Datei fragen", "Preguntar con un archivo", "Demander avec un fichier", "用文件查询", "ファイルで探す", "파일로 찾기"],
  record: ["Record with the microphone", "Mit dem Mikrofon aufnehmen", "Grabar con el micrófono", "Enregistrer au micro", "用麦克风录音", "マイクで録音する", "마이크로 녹음"],
  playIn: ["Play on a MIDI keyboard", "Auf einem MIDI-Keyboard spielen", "Tocar en un teclado MIDI", "Jouer sur un clavier MIDI", "用 MIDI 键盘演奏", "MIDI キーボードで弾く", "MIDI 건반으로 연주"],
  stopTake: ["Stop and search", "Beenden und suchen", "Parar y buscar", "Arrêter et chercher", "停止并查找", "止めて探す", "멈추고 찾기"],
  recording: ["Recording … %1", "Aufnahme … %1", "Grabando… %1", "Enregistrement… %1", "正在录音… %1", "録音中… %1", "녹음 중… %1"],
  listening: ["Play … %1 notes", "Spielen … %1 Noten", "Toca… %1 notas", "Jouez… %1 notes", "请演奏… %1 个音", "弾いてください… %1 音", "연주하세요… %1음"],
  microphone: ["Microphone", "Mikrofon", "Micrófono", "Micro", "麦克风", "マイク", "마이크"],
  keyboard: ["Keyboard", "Keyboard", "Teclado", "Clavier", "键盘", "キーボード", "건반"],
  noMicrophone: ["There is no microphone, or the browser keeps it back", "Kein Mikrofon, oder der Browser gibt es nicht frei", "No hay micrófono, o el navegador no lo permite", "Pas de micro, ou le navigateur le refuse", "没有麦克风，或浏览器不允许使用", "マイクがないか、ブラウザーが許可していません", "마이크가 없거나 브라우저가 막고 있습니다"],
  noKeyboard: ["There is no MIDI keyboard, or the browser keeps it back", "Kein MIDI-Keyboard, oder der Browser gibt es nicht frei", "No hay teclado MIDI, o el navegador no lo permite", "Pas de clavier MIDI, ou le navigateur le refuse", "没有 MIDI 键盘，或浏览器不允许使用", "MIDI キーボードがないか、ブラウザーが許可していません", "MIDI 건반이 없거나 브라우저가 막고 있습니다"],
  drop: ["Drop it here: what sounds like it is looked for", "Hier ablegen: Ähnliches wird gesucht", "Suéltalo aquí: se buscará lo parecido", "Déposez : ce qui lui ressemble sera cherché", "松开即可查找相似的音乐", "ここに置くと似た音楽を探します", "여기에 놓으면 비슷한 음악을 찾습니다"],
  without: ["not like", "nicht wie", "no como", "pas comme", "不像", "似ていない", "닮지 않은"],
  like: ["like", "wie", "como", "comme", "像", "似た", "닮은"],
  remove: ["Remove", "Entfernen", "Quitar", "Retirer", "移除", "外す", "빼기"],
  clear: ["Clear", "Leeren", "Vaciar", "Effacer", "清除", "消す", "지우기"],

  filters: ["Filters", "Filter", "Filtros", "Filtres", "筛选", "絞り込み", "거르기"],
  kind: ["Kind", "Art", "Tipo", "Genre", "类型", "種類", "종류"],
  score: ["Scores", "Noten", "Partituras", "Partitions", "乐谱", "楽譜", "악보"],
  performance: ["MIDI", "MIDI", "MIDI", "MIDI", "MIDI", "MIDI", "MIDI"],
  audio: ["Recordings", "Aufnahmen", "Grabaciones", "Enregistrements", "录音", "録音", "녹음"],
  key: ["Key", "Tonart", "Tonalidad", "Tonalité", "调", "調", "조"],
  meter: ["Metre", "Taktart", "Compás", "Mesure", "拍号", "拍子", "박자"],
  tempo: ["Tempo", "Tempo", "Tempo", "Tempo", "速度", "テンポ", "빠르기"],
  bars: ["Bars", "Takte", "Compases", "Mesures", "小节数", "小節数", "마디 수"],
  duration: ["Seconds", "Sekunden", "Segundos", "Secondes", "秒数", "秒数", "초"],
  composer: ["Composer", "Komponist", "Compositor", "Compositeur", "作曲家", "作曲者", "작곡가"],
  folder: ["Folder", "Ordner", "Carpeta", "Dossier", "文件夹", "フォルダー", "폴더"],
  any: ["any", "beliebig", "cualquiera", "tous", "任意", "すべて", "모두"],

  hits: ["%1 hits in %2 ms", "%1 Treffer in %2 ms", "%1 resultados en %2 ms", "%1 résultats en %2 ms", "%1 个结果，%2 毫秒", "%1 件（%2 ミリ秒）", "%1개, %2 ms"],
  more: ["Show more", "Mehr zeigen", "Ver más", "Afficher plus", "显示更多", "もっと見る", "더 보기"],
  hello: ["What should it sound like?", "Wie soll es klingen?", "¿Cómo debe sonar?", "Comment cela doit-il sonner ?", "想要怎样的音乐？", "どんな音楽を探しますか", "어떤 음악을 찾으세요?"],
  helloHint: ["Ask in words, with a file, or with something that you play. %1 pieces are in your library.", "Frag mit Worten, einer Datei oder mit etwas, das du spielst. In deiner Bibliothek sind %1 Stücke.", "Pregunta con palabras, un archivo o algo que toques. Hay %1 piezas en tu biblioteca.", "Demandez avec des mots, un fichier ou ce que vous jouez. Votre bibliothèque compte %1 pièces.", "用文字、文件或演奏来查询。曲库中有 %1 首曲目。", "言葉やファイル、演奏で探せます。ライブラリには %1 曲あります。", "글, 파일, 연주로 물어보세요. 라이브러리에 %1곡이 있습니다."],
  emptyLibrary: ["Your library is empty", "Deine Bibliothek ist leer", "Tu biblioteca está vacía", "Votre bibliothèque est vide", "曲库是空的", "ライブラリは空です", "라이브러리가 비어 있습니다"],
  emptyHint: ["Put a folder of scores, MIDI files or recordings into it.", "Leg einen Ordner mit Noten, MIDI-Dateien oder Aufnahmen hinein.", "Añade una carpeta con partituras, archivos MIDI o grabaciones.", "Ajoutez un dossier de partitions, de fichiers MIDI ou d’enregistrements.", "添加一个包含乐谱、MIDI 文件或录音的文件夹。", "楽譜、MIDI、録音の入ったフォルダーを入れてください。", "악보, MIDI 파일, 녹음이 든 폴더를 넣으세요."],
  nothing: ["Nothing found", "Nichts gefunden", "Nada encontrado", "Rien trouvé", "没有找到", "見つかりませんでした", "찾은 것이 없습니다"],
  nothingHint: ["The filters let nothing through. Loosen them.", "Die Filter lassen nichts durch. Lockere sie.", "Los filtros no dejan pasar nada. Aflójalos.", "Les filtres ne laissent rien passer. Assouplissez-les.", "筛选条件没有匹配的内容，请放宽。", "絞り込みに合うものがありません。ゆるめてください。", "조건에 맞는 것이 없습니다. 조건을 늦춰 보세요."],
  inBars: ["bars %1", "Takte %1", "compases %1", "mesures %1", "第 %1 小节", "%1 小節", "%1마디"],
  inBar: ["bar %1", "Takt %1", "compás %1", "mesure %1", "第 %1 小节", "%1 小節", "%1마디"],
  whole: ["whole piece", "ganzes Stück", "pieza completa", "pièce entière", "整首", "全体", "전체"],
  explain: ["Rank %1. Similarity %2 (cosine, −1 to 1). Closer to the question than %3 % of what the library holds of this kind.", "Rang %1. Ähnlichkeit %2 (Kosinus, −1 bis 1). Näher an der Frage als %3 % dessen, was die Bibliothek von dieser Art hat.", "Puesto %1. Similitud %2 (coseno, −1 a 1). Más cerca de la consulta que el %3 % de lo que la biblioteca tiene de este tipo.", "Rang %1. Similarité %2 (cosinus, −1 à 1). Plus proche de la demande que %3 % de ce que la bibliothèque contient de ce genre.", "第 %1 名。相似度 %2（余弦，−1 到 1）。比曲库中 %3 % 的同类内容更接近查询。", "%1 位。類似度 %2（コサイン、−1～1）。ライブラリの同じ種類の %3 % より近い。", "%1위. 유사도 %2 (코사인, −1~1). 라이브러리의 같은 종류 %3 %보다 가깝습니다."],
  play: ["Play", "Abspielen", "Tocar", "Écouter", "播放", "再生", "재생"],
  pause: ["Pause", "Anhalten", "Pausa", "Pause", "暂停", "一時停止", "일시정지"],
  position: ["Position", "Position", "Posición", "Position", "位置", "位置", "위치"],
  similar: ["Find what is like this", "Ähnliches suchen", "Buscar parecidos", "Chercher ce qui ressemble", "查找与此相似的", "これに似たものを探す", "이것과 비슷한 것 찾기"],
  moreLike: ["More like this", "Mehr davon", "Más como esto", "Plus comme ceci", "更像这个", "もっとこれに似たもの", "이것과 더 비슷하게"],
  lessLike: ["Less like this", "Weniger davon", "Menos como esto", "Moins comme ceci", "不要像这个", "これに似ていないもの", "이것과 덜 비슷하게"],
  save: ["Save the file", "Datei sichern", "Guardar el archivo", "Enregistrer le fichier", "保存文件", "ファイルを保存", "파일 저장"],
  picture: ["Picture of %1", "Bild von %1", "Imagen de %1", "Image de %1", "%1 的图示", "%1 の図", "%1 그림"],
  noPicture: ["No picture of this passage", "Kein Bild dieser Stelle", "Sin imagen de este pasaje", "Pas d’image de ce passage", "没有此段的图示", "この箇所の図はありません", "이 부분의 그림이 없습니다"],

  gone: ["clamp3 has stopped", "clamp3 wurde beendet", "clamp3 se ha detenido", "clamp3 s’est arrêté", "clamp3 已停止", "clamp3 が止まりました", "clamp3가 멈췄습니다"],
  goneHint: ["Start it in a terminal: clamp3 web. This page then goes on by itself.", "Im Terminal starten: clamp3 web. Diese Seite macht dann von selbst weiter.", "Inícialo en una terminal: clamp3 web. Esta página seguirá sola.", "Lancez dans un terminal : clamp3 web. Cette page reprendra d’elle-même.", "在终端中启动：clamp3 web，此页面会自动继续。", "端末で clamp3 web を実行すると、このページは続きから動きます。", "터미널에서 clamp3 web 을 실행하면 이 페이지가 이어집니다."],
  locked: ["This page is locked", "Diese Seite ist verschlossen", "Esta página está bloqueada", "Cette page est verrouillée", "此页面已锁定", "このページは開けません", "이 페이지는 잠겨 있습니다"],
  lockedHint: ["Open it from a terminal: clamp3 web", "Im Terminal öffnen: clamp3 web", "Ábrela desde una terminal: clamp3 web", "Ouvrez-la depuis un terminal : clamp3 web", "请在终端中打开：clamp3 web", "端末で clamp3 web を実行して開いてください", "터미널에서 여세요: clamp3 web"],
  loading: ["The model is being loaded …", "Das Modell wird geladen …", "Cargando el modelo…", "Chargement du modèle…", "正在加载模型…", "モデルを読み込んでいます…", "모델을 불러오는 중…"],
  failed: ["That did not work", "Das ging nicht", "No ha funcionado", "Cela n’a pas marché", "出错了", "うまくいきませんでした", "실패했습니다"],
  close: ["Close", "Schließen", "Cerrar", "Fermer", "关闭", "閉じる", "닫기"],

  pieces: ["Pieces", "Stücke", "Piezas", "Pièces", "曲目", "曲", "곡"],
  passages: ["Passages", "Stellen", "Pasajes", "Passages", "段落", "箇所", "부분"],
  files: ["Files", "Dateien", "Archivos", "Fichiers", "文件", "ファイル", "파일"],
  model: ["Model", "Modell", "Modelo", "Modèle", "模型", "モデル", "모델"],
  memory: ["Memory", "Speicher", "Memoria", "Mémoire", "内存", "メモリー", "메모리"],
  disk: ["On disk", "Auf der Platte", "En disco", "Sur disque", "磁盘", "ディスク", "디스크"],
  addFolder: ["Put music in", "Musik hineinlegen", "Añadir música", "Ajouter de la musique", "添加音乐", "音楽を入れる", "음악 넣기"],
  folderPath: ["Folder or file on this computer", "Ordner oder Datei auf diesem Rechner", "Carpeta o archivo de este equipo", "Dossier ou fichier de cet ordinateur", "本机上的文件夹或文件", "このコンピューターのフォルダーかファイル", "이 컴퓨터의 폴더나 파일"],
  index: ["Index", "Aufnehmen", "Indexar", "Indexer", "建立索引", "取り込む", "색인하기"],
  cancel: ["Cancel", "Abbrechen", "Cancelar", "Annuler", "取消", "中止", "취소"],
  indexing: ["%1 of %2 files", "%1 von %2 Dateien", "%1 de %2 archivos", "%1 fichiers sur %2", "%1 / %2 个文件", "%1 / %2 ファイル", "파일 %1 / %2"],
  looking: ["Looking at what is there …", "Es wird nachgesehen, was da ist …", "Mirando qué hay…", "Inventaire en cours…", "正在查看内容…", "中身を調べています…", "내용을 살펴보는 중…"],
  jobDone: ["Done. New: %1, unchanged: %2, not readable: %3.", "Fertig. Neu: %1, unverändert: %2, nicht lesbar: %3.", "Listo. Nuevos: %1, sin cambios: %2, ilegibles: %3.", "Terminé. Nouveaux : %1, inchangés : %2, illisibles : %3.", "完成。新增 %1，未变 %2，无法读取 %3。", "完了。新規 %1、変更なし %2、読めない %3。", "완료. 새 파일 %1, 그대로 %2, 읽을 수 없음 %3."],
  jobCancelled: ["Cancelled; what was done stays. New: %1.", "Abgebrochen; was fertig war, bleibt. Neu: %1.", "Cancelado; lo hecho se queda. Nuevos: %1.", "Annulé ; ce qui est fait reste. Nouveaux : %1.", "已取消；已完成的会保留。新增 %1。", "中止しました。済んだ分は残ります。新規 %1。", "취소했습니다. 끝난 것은 남습니다. 새 파일 %1."],
  unread: ["Could not be read", "Nicht lesbar", "No se pudieron leer", "Illisibles", "无法读取", "読めなかったもの", "읽을 수 없는 것"],
  watch: ["Index and watch", "Aufnehmen und beobachten", "Indexar y vigilar", "Indexer et surveiller", "索引并监视", "取り込んで見張る", "색인하고 지켜보기"],
  watched: ["Watched: what changes there is taken in while clamp3 runs", "Beobachtet: was sich dort ändert, wird aufgenommen, solange clamp3 läuft", "Vigiladas: los cambios se añaden mientras clamp3 funciona", "Surveillés : ce qui y change est repris tant que clamp3 tourne", "监视中：clamp3 运行期间会自动收录变化", "見張っているフォルダー：clamp3 が動いている間、変更を取り込みます", "지켜보는 폴더: clamp3가 실행되는 동안 바뀐 것을 색인합니다"],
  retry: ["Try again", "Nochmals", "Reintentar", "Réessayer", "重试", "もう一度", "다시 시도"],
  contents: ["What is in it", "Was darin ist", "Qué contiene", "Ce qu’elle contient", "内容", "中身", "들어 있는 것"],
  title: ["Title", "Titel", "Título", "Titre", "标题", "題名", "제목"],
  earlier: ["Earlier", "Zurück", "Anteriores", "Précédents", "上一页", "前へ", "이전"],
  later: ["Later", "Weiter", "Siguientes", "Suivants", "下一页", "次へ", "다음"],

  drawMap: ["Draw the map", "Karte zeichnen", "Dibujar el mapa", "Dessiner la carte", "绘制地图", "地図を描く", "지도 그리기"],
  drawing: ["Drawing … %1 %", "Wird gezeichnet … %1 %", "Dibujando… %1 %", "Dessin… %1 %", "正在绘制… %1 %", "描いています… %1 %", "그리는 중… %1 %"],
  notPlaced: ["%1 pieces came in since the map was drawn.", "%1 Stücke kamen hinzu, seit die Karte gezeichnet wurde.", "Han entrado %1 piezas desde que se dibujó el mapa.", "%1 pièces sont arrivées depuis que la carte a été dessinée.", "地图绘制后新增了 %1 首曲目。", "地図を描いたあとに %1 曲加わりました。", "지도를 그린 뒤 %1곡이 더해졌습니다."],
  mapHint: ["Near means alike. Drag, zoom, click to hear.", "Nah heißt ähnlich. Ziehen, zoomen, zum Hören klicken.", "Cerca significa parecido. Arrastra, acerca, haz clic para oír.", "Proche veut dire semblable. Glissez, zoomez, cliquez pour écouter.", "相近即相似。可拖动、缩放，点击试听。", "近いものほど似ています。動かし、拡大し、クリックして聴けます。", "가까울수록 비슷합니다. 끌고, 확대하고, 눌러서 들어 보세요."],
  colour: ["Colour by", "Farbe nach", "Color por", "Couleur par", "着色依据", "色分け", "색 기준"],
  genre: ["Genre", "Genre", "Género", "Genre musical", "流派", "ジャンル", "장르"],
  zoomIn: ["Zoom in", "Vergrößern", "Acercar", "Agrandir", "放大", "拡大", "확대"],
  zoomOut: ["Zoom out", "Verkleinern", "Alejar", "Réduire", "缩小", "縮小", "축소"],

  tags: ["Tags", "Schlagwörter", "Etiquetas", "Étiquettes", "标签", "タグ", "태그"],
  tagsOf: ["Tags of %1", "Schlagwörter von %1", "Etiquetas de %1", "Étiquettes de %1", "%1 的标签", "%1 のタグ", "%1의 태그"],
  addTag: ["Add a tag of your own", "Eigenes Schlagwort", "Añadir una etiqueta", "Ajouter une étiquette", "添加自己的标签", "タグを加える", "직접 태그 더하기"],
  add: ["Add", "Hinzufügen", "Añadir", "Ajouter", "添加", "加える", "더하기"],
  keep: ["Keep", "Behalten", "Conservar", "Garder", "保留", "残す", "남기기"],
  likelihood: ["Likely", "Wahrscheinlich", "Probable", "Probable", "可能性", "確からしさ", "가능성"],
  exportAs: ["Save beside the music", "Neben der Musik sichern", "Guardar junto a la música", "Enregistrer à côté de la musique", "保存到音乐旁", "音楽の隣に保存", "음악 옆에 저장"],
};

let column = columnOf(localStorage.getItem(KEY) ?? navigator.language);

/** Code of the language the page speaks. */
export const language = () => CODES[column];

/** Languages the user reads: the page's, then the browser's, then English. */
export function readers() {
  const all = [language(), ...navigator.languages.map((each) => each.slice(0, 2).toLowerCase()), "en"];
  return [...new Set(all)];
}

export function speak(code) {
  column = columnOf(code);
  localStorage.setItem(KEY, language());
}

export function say(key, ...values) {
  return values.reduce((text, value, i) => text.replace(`%${i + 1}`, () => value), WORDS[key][column]);
}

function columnOf(locale) {
  return Math.max(0, CODES.indexOf(String(locale).slice(0, 2).toLowerCase()));
}
