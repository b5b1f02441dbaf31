// @MARK@
// Asks the library of clamp3 by OSC; clamp3 bridge osc must run. Answers are given to a function once, when
// the query has ended: an Array of Events, and nil or the text of an error.
Clamp3 {
	classvar <>tokenFile = "@TOKEN_FILE@";
	classvar number = 0;
	var <addr, token, waiting, responders;

	*new { |port = 9123|
		^super.new.init(port)
	}

	init { |port|
		addr = NetAddr("127.0.0.1", port);
		token = File.readAllString(tokenFile).reject { |char| char.isSpace };
		waiting = IdentityDictionary.new;
		responders = [
			OSCFunc({ |msg| this.prAdd(msg[1], this.prHit(msg)) }, '/clamp3/result'),
			OSCFunc({ |msg|
				this.prAdd(msg[1], (rank: msg[2], score: msg[3], tag: msg[4].asString, language: msg[5]))
			}, '/clamp3/tag'),
			OSCFunc({ |msg| this.prClear(msg[1]) }, '/clamp3/result/begin'),
			OSCFunc({ |msg| this.prEnd(msg[1], nil) }, '/clamp3/result/end'),
			OSCFunc({ |msg| this.prEnd(msg[1], msg[3].asString) }, '/clamp3/error')
		];
	}

	// What is like these words?
	findText { |text, action, n = 10|
		this.prSend(action, '/clamp3/find/text', text.asString, n)
	}

	// What is like this file, or this part of it? It lies in a folder of the library, or in the inbox.
	findFile { |path, action, start = 0.0, length = 0.0, n = 10, bpm = 0.0|
		this.prSend(action, '/clamp3/find/file', path.asString, start.asFloat, length.asFloat, n, 0, bpm.asFloat)
	}

	// What is like these bytes of a MIDI file (an Int8Array, up to 60 kB)?
	findMidi { |bytes, action, n = 10, bpm = 0.0|
		this.prSend(action, '/clamp3/find/midi', bytes, n, 0, bpm.asFloat)
	}

	// Which tags fit these words?
	tagText { |text, action, language = "en"|
		this.prSend(action, '/clamp3/tag/text', text.asString, language.asString)
	}

	// A live take: notes as they end, times in seconds from its begin. The action is called after takeEnd.
	takeBegin { |action|
		^this.prSend(action, '/clamp3/take/begin')
	}

	takeNote { |id, pitch, velocity, start, length|
		addr.sendMsg('/clamp3/take/note', token, id, pitch, velocity, start.asFloat, length.asFloat)
	}

	takeEnd { |id, n = 10|
		addr.sendMsg('/clamp3/take/end', token, id, n)
	}

	cancel { |id|
		addr.sendMsg('/clamp3/cancel', token, id)
	}

	free {
		responders.do { |each| each.free };
	}

	prSend { |action, address ... values|
		number = number + 1;
		waiting[number] = (action: action, found: List.new);
		addr.sendMsg(address, token, number, *values);
		^number
	}

	prHit { |msg|
		^(rank: msg[2], score: msg[3], title: msg[4].asString, path: msg[5].asString,
			bars: [msg[6], msg[7]], time: [msg[8], msg[9]])
	}

	prAdd { |id, event|
		waiting[id] !? { |query| query[\found].add(event) };
	}

	prClear { |id|
		waiting[id] !? { |query| query[\found].clear };
	}

	prEnd { |id, error|
		var query = waiting.removeAt(id);
		query !? { query[\action].value(query[\found].asArray, error) };
	}
}
