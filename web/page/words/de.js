/** Die deutschen Wörter; siehe ../strings.js. */

const one = (n, single, many) => (n === 1 ? single : many);

export default {
    'home.title': 'weft – gemeinsam schreiben',
    'home.heading': 'Gemeinsam einen Text schreiben',
    'home.lead': 'Wer denselben Raum öffnet, schreibt zur selben Zeit am selben Text.',
    'home.name': 'Name des Raums',
    'home.open': 'Öffnen',
    'home.hint': 'Wer den Namen kennt, kann den Raum öffnen. Es gibt ihn, sobald jemand darin schreibt.',
    'home.invent': 'Einen schwer zu erratenden Namen erfinden',
    'home.recent': 'Räume, die Sie hier geöffnet haben',
    'home.forget': 'Diese vergessen',
    'home.empty': 'Bitte geben Sie dem Raum einen Namen.',
    'home.dots': 'So kann ein Raum nicht heißen.',
    'home.slash': 'Im Namen darf kein Schrägstrich stehen.',
    'home.control': 'Im Namen dürfen keine Steuerzeichen stehen.',
    'home.long': 'Dieser Name ist zu lang.',

    'skip': 'Zum Text springen',
    'brand': 'weft, zum Eingang',
    'readonly': 'Nur lesen',
    'shared': 'Geteilter Text',
    'text.label': 'Gemeinsamer Text',
    'text.connecting': 'Verbindung wird aufgebaut …',
    'text.empty': 'Schreiben Sie hier. Alle mit dem Link sehen es sofort.',
    'text.nothing': 'Hier wurde noch nichts geschrieben.',

    'state.online': 'Verbunden',
    'state.connecting': 'Verbindet …',
    'state.reconnecting': 'Verbindet neu …',
    'state.offline': 'Keine Verbindung',
    'state.closed': 'Getrennt',
    'saved.yes': 'Gespeichert',
    'saved.reading': 'Aktuell',
    'saved.saving': 'Speichert …',
    'saved.kept': (n) => `${n} ungespeicherte ${one(n, 'Änderung bleibt', 'Änderungen bleiben')} hier`,

    'banner.dismiss': 'Diese Meldung schließen',
    'banner.refused': (why) => `Der Server hat eine Änderung nicht angenommen; sie wurde hier zurückgenommen: ${why}`,
    'banner.refused.copy': 'Eingefügtes kopieren',
    'banner.reset': 'Dieser Text wurde auf dem Server wiederhergestellt oder ersetzt. Was noch nicht ' +
                    'gespeichert war, wurde eingefügt.',
    'banner.reset.copy': 'Meine Fassung kopieren',
    'banner.storage': 'Der Server kann gerade nicht speichern. Ihre Änderungen bleiben hier und ' +
                      'werden erneut gesendet, bis es wieder geht.',
    'banner.copy': 'Text kopieren',
    'banner.reload': 'Seite neu laden',
    'banner.resync': 'Was der Server geschickt hat, passte nicht zu diesem Text; er wird neu geholt. ' +
                     'Was Sie geschrieben haben, bleibt erhalten.',
    'banner.unknown': 'Der Server sagt etwas, das diese Seite nicht kennt. Vielleicht ist er neuer: ' +
                      'Laden Sie die Seite neu, wenn es Ihnen passt.',
    'banner.version': 'Der Server hat eine andere Version als diese Seite. Kopieren Sie, was Sie ' +
                   'brauchen, und laden Sie die Seite dann neu.',
    'banner.pause': 'Der Server bittet um eine Pause. Die Verbindung kommt von selbst zurück; was Sie ' +
                   'schreiben, bleibt hier.',
    'banner.restart': 'Der Server wird neu gestartet. Schreiben Sie weiter: Es bleibt hier und wird ' +
                   'gesendet, sobald er wieder da ist.',
    'banner.full': 'Für weitere Personen ist gerade kein Platz. Die Seite versucht es alle paar ' +
                   'Sekunden von selbst wieder.',
    'banner.unread': 'Der Server kann diesen Raum gerade nicht öffnen. Die Seite versucht es alle paar ' +
                   'Sekunden von selbst wieder; was Sie hier geschrieben haben, bleibt.',
    'banner.signin': 'Dieser Raum fragt, wer Sie sind. Melden Sie sich an oder bitten Sie um einen neuen ' +
                   'Link, und öffnen Sie ihn noch einmal.',
    'banner.forbidden': 'Diesen Raum dürfen Sie nicht öffnen. Bitten Sie jemanden, der darin ist, um einen ' +
                   'Link.',
    'banner.slow': 'Ihre Verbindung kam nicht mit. Sie wird jetzt neu aufgebaut, und was Sie verpasst ' +
                   'haben, folgt.',
    'why.large': 'Der Text ist so groß, wie er hier sein darf',
    'banner.label': 'Meldung',
    'banner.problem': (why) => `Der Server meldet ein Problem: ${why}`,

    'panel': 'Personen und Teilen',
    'people.alone': 'Nur Sie',
    'people.count': (n) => `${n} Personen`,
    'people.alone.said': 'Nur Sie sind hier',
    'people.count.said': (n) => `${n} Personen sind hier`,
    'people.here': 'Wer hier ist',
    'people.nobody': 'Jemand',
    'people.you': 'Sie',
    'people.line': (n) => `Zeile ${n}`,
    'people.follow': (name) => `${name} folgen`,
    'people.following': (name) => `Folgt ${name}`,
    'you': 'Sie',
    'you.name': 'Ihr Name',
    'you.color': 'Ihre Farbe',
    'you.hint': 'Das sehen andere an Ihrer Schreibmarke. Bleibt in diesem Browser.',

    'share': 'Teilen',
    'share.copy': 'Link kopieren',
    'share.write': 'Wer diesen Link hat, kann schreiben',
    'share.read': 'Link nur zum Lesen',
    'copy': 'Kopieren',
    'copied': 'Kopiert',
    'copy.failed': 'Kopieren ging nicht',
    'copy.byhand': 'Strg+C drücken',

    'doc': 'Text',
    'doc.language': 'Sprache',
    'doc.plain': 'Reiner Text',
    'doc.find': 'Suchen und ersetzen',
    'doc.wrap': 'Lange Zeilen umbrechen',
    'doc.download': 'Herunterladen',
    'doc.upload': 'Datei öffnen …',
    'doc.upload.replace': (name) => `Den Text durch „${name}“ ersetzen?`,
    'doc.upload.inserted': (name) => `${name} wurde eingefügt`,
    'doc.upload.binary': (name) => `${name} ist keine Textdatei.`,
    'doc.upload.large': (name, limit) => `${name} ist zu groß: Ein Text darf hier ${limit} haben.`,
    'doc.drop': 'Zum Einfügen loslassen',
    'history': 'Verlauf',
    'look': 'Darstellung',
    'look.theme': 'Farben',
    'look.system': 'Wie das System',
    'look.light': 'Hell',
    'look.dark': 'Dunkel',
    'look.size': 'Schriftgröße',
    'look.smaller': 'kleinere Schrift',
    'look.larger': 'größere Schrift',

    'where': (line, column) => `Zeile ${line}, Spalte ${column}`,
    'counts': (lines, words, characters, n) => [
        `${lines} ${one(n[0], 'Zeile', 'Zeilen')}`, `${words} ${one(n[1], 'Wort', 'Wörter')}`,
        `${characters} ${one(n[2], 'Zeichen', 'Zeichen')}`].join(' · '),
    'bytes': (n) => (n >= 1 << 20 ? `${Math.floor(n / (1 << 20))} MB` : `${Math.floor(n / 1024)} KB`),

    /* What the editor itself says, by its English words. */
    editor: {
        'Find': 'Suchen', 'Replace': 'Ersetzen', 'next': 'weiter', 'previous': 'zurück', 'all': 'alle',
        'match case': 'Groß/klein', 'by word': 'ganze Wörter', 'regexp': 'Muster',
        'replace': 'ersetzen', 'replace all': 'alle ersetzen', 'close': 'schließen',
        'Go to line': 'Zu Zeile', 'go': 'los', 'Control character': 'Steuerzeichen',
        'Selection deleted': 'Auswahl gelöscht', 'current match': 'aktueller Treffer',
        'on line': 'in Zeile', 'replaced $ matches': '$ Treffer ersetzt',
        'replaced match on line $': 'Treffer in Zeile $ ersetzt',
    },
};
