const { rmSync } = require('node:fs');
const { execFileSync } = require('node:child_process');
const gulp = require('gulp');

/** Empties `dist`, so that nothing deleted from the sources is published. */
function clean(done) {
	rmSync('dist', { recursive: true, force: true });
	done();
}

/** TypeScript to CommonJS. */
function compile(done) {
	execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.json'], { stdio: 'inherit' });
	done();
}

/** What tsc leaves behind but n8n needs: icons, codex files and the workflow templates. */
function assets() {
	return gulp
		.src(['nodes/**/*.{svg,png}', 'nodes/**/*.node.json', 'credentials/**/*.{svg,png}', 'workflows/*.json'], {
			base: '.',
			encoding: false,
		})
		.pipe(gulp.dest('dist'));
}

exports.clean = clean;
exports.assets = assets;
exports.build = gulp.series(clean, compile, assets);
