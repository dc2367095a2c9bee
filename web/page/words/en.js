/** The English words; see ../strings.js. */

const one = (n, single, many) => (n === 1 ? single : many);

export default {
    'home.title': 'weft – write together',
    'home.heading': 'Write a text together',
    'home.lead': 'Everybody who opens the same room edits the same text, at the same time.',
    'home.name': 'Room name',
    'home.open': 'Open',
    'home.hint': 'Who knows the name can open the room. It exists once somebody writes in it.',
    'home.invent': 'Invent a name that is hard to guess',
    'home.recent': 'Rooms you have opened here',
    'home.forget': 'Forget these',
    'home.empty': 'Please enter a name for the room.',
    'home.dots': 'A room cannot have this name.',
    'home.slash': 'A room name cannot contain a slash.',
    'home.control': 'A room name cannot contain control characters.',
    'home.long': 'This name is too long.',

    'skip': 'Skip to the text',
    'brand': 'weft, to the entrance',
    'readonly': 'Read only',
    'shared': 'Shared text',
    'text.label': 'Shared text',
    'text.connecting': 'Connecting…',
    'text.empty': 'Write here. Everybody with the link sees it at once.',
    'text.nothing': 'Nothing has been written here yet.',

    'state.online': 'Online',
    'state.connecting': 'Connecting…',
    'state.reconnecting': 'Reconnecting…',
    'state.offline': 'Offline',
    'state.closed': 'Disconnected',
    'saved.yes': 'Saved',
    'saved.reading': 'Up to date',
    'saved.saving': 'Saving…',
    'saved.kept': (n) => `${n} unsaved ${one(n, 'change', 'changes')} kept here`,

    'banner.dismiss': 'Dismiss this message',
    'banner.refused': (why) => `The server did not accept a change, so it was undone here: ${why}`,
    'banner.refused.copy': 'Copy what it inserted',
    'banner.reset': 'This text was restored or replaced on the server. What you had not saved was ' +
                    'merged into it.',
    'banner.reset.copy': 'Copy my version',
    'banner.storage': 'The server cannot save right now. Your changes are kept here and sent again ' +
                      'until it can.',
    'banner.copy': 'Copy the text',
    'banner.reload': 'Load the page again',
    'banner.resync': 'What the server sent did not fit this text, so the text is fetched again. What ' +
                     'you have written is kept.',
    'banner.unknown': 'The server said something that this page does not know. It may be newer: load ' +
                      'the page again when it suits you.',
    'banner.version': 'The server is of another version than this page. Copy what you need, then load ' +
                   'the page again.',
    'banner.pause': 'The server asks for a pause. The connection comes back by itself; what you write ' +
                   'is kept here.',
    'banner.restart': 'The server is being restarted. Go on writing: it is kept here and sent as soon as ' +
                   'the server is back.',
    'banner.full': 'There is no room for one more person at the moment. This page tries again by ' +
                   'itself every few seconds.',
    'banner.unread': 'The server cannot open this room right now. This page tries again by itself every ' +
                   'few seconds; what you have written here is kept.',
    'banner.signin': 'This room asks who you are. Sign in, or ask for a new link, and open it again.',
    'banner.forbidden': 'You may not open this room. Ask somebody who is in it for a link.',
    'banner.slow': 'Your connection did not keep up. It is made again now, and what you missed ' +
                   'follows.',
    'why.large': 'the text is as large as it may be here',
    'banner.label': 'Message',
    'banner.problem': (why) => `The server reported a problem: ${why}`,

    'panel': 'People and sharing',
    'people.alone': 'Only you',
    'people.count': (n) => `${n} people`,
    'people.alone.said': 'Only you are here',
    'people.count.said': (n) => `${n} people are here`,
    'people.here': 'People here',
    'people.nobody': 'Somebody',
    'people.you': 'you',
    'people.line': (n) => `line ${n}`,
    'people.follow': (name) => `Follow ${name}`,
    'people.following': (name) => `Following ${name}`,
    'you': 'You',
    'you.name': 'Your name',
    'you.color': 'Your colour',
    'you.hint': 'Others see this at your cursor. Kept in this browser.',

    'share': 'Share',
    'share.copy': 'Copy link',
    'share.write': 'Everybody with this link can edit',
    'share.read': 'Link for reading only',
    'copy': 'Copy',
    'copied': 'Copied',
    'copy.failed': 'Could not copy',
    'copy.byhand': 'Press Ctrl+C',

    'doc': 'Text',
    'doc.language': 'Language',
    'doc.plain': 'Plain text',
    'doc.find': 'Find and replace',
    'doc.wrap': 'Wrap long lines',
    'doc.download': 'Download',
    'doc.upload': 'Open a file…',
    'doc.upload.replace': (name) => `Replace the text by “${name}”?`,
    'doc.upload.inserted': (name) => `${name} was put in`,
    'doc.upload.binary': (name) => `${name} is not a text file.`,
    'doc.upload.large': (name, limit) => `${name} is too large: a text may have ${limit} here.`,
    'doc.drop': 'Drop to put it in',
    'history': 'History',
    'look': 'Appearance',
    'look.theme': 'Colours',
    'look.system': 'As the system',
    'look.light': 'Light',
    'look.dark': 'Dark',
    'look.size': 'Text size',
    'look.smaller': 'smaller text',
    'look.larger': 'larger text',

    'where': (line, column) => `Line ${line}, column ${column}`,
    'counts': (lines, words, characters, n) => [
        `${lines} ${one(n[0], 'line', 'lines')}`, `${words} ${one(n[1], 'word', 'words')}`,
        `${characters} ${one(n[2], 'character', 'characters')}`].join(' · '),
    'bytes': (n) => (n >= 1 << 20 ? `${Math.floor(n / (1 << 20))} MB` : `${Math.floor(n / 1024)} KB`),
};
