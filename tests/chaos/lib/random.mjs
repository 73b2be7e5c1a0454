// Everything that is drawn by lot, from one seed: the same seed draws the same lots (what the machine makes of
// them is another matter).
function mulberry32(a) {
	return () => {
		a = (a + 0x6d2b79f5) | 0;
		let t = Math.imul(a ^ (a >>> 15), 1 | a);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

// run.mjs draws the seed and says it; a file that is run alone draws its own.
export const seed = Number(process.env.CHAOS_SEED || Math.floor(Math.random() * 1e9));

// name: so that one part's lots do not depend on how many another has drawn.
export function lots(name) {
	let mix = seed;
	for (const c of name)
		mix = (Math.imul(mix, 31) + c.codePointAt(0)) | 0;
	const next = mulberry32(mix);
	const int = (from, to) => from + Math.floor(next() * (to - from + 1));
	return {
		next,
		int,
		chance: (p) => next() < p,
		pick: (list) => list[int(0, list.length - 1)],
		// Of [[weight, thing], ...].
		weighted: (list) => {
			let left = next() * list.reduce((sum, [w]) => sum + w, 0);
			for (const [w, thing] of list)
				if ((left -= w) < 0)
					return thing;
			return list.at(-1)[1];
		},
	};
}

// The form for CI is short; without CHAOS_SECONDS it is the whole ten minutes.
export const seconds = Number(process.env.CHAOS_SECONDS || 600);
export const isShort = seconds < 300;
