// SPDX-License-Identifier: GPL-3.0-or-later
//
// A job type for Flamenco, Blender's farm manager: a Triverse batch, split over the workers.
//
// Put this file into the folder "scripts" beside flamenco-manager. How to set it up: docs/batch.md.
//
//     check ---> rows 1:25 ---+
//           ---> rows 26:50 --+--> merge
//           ---> rows 51:75 --+
//
// Written for the documented interface of Flamenco 3.6 and newer (https://flamenco.blender.org/usage/job-types/):
// JOB_TYPE, compileJob, author.Task and author.Command, the command "exec", shellSplit and the variable {blender}. Its
// engine knows no newer JavaScript than ECMAScript 2017 and a little more, so nothing newer stands here. Any task may be
// run again, on any worker: a row's identity sees to it that nothing is paid twice.
//
// A failed task ends a job only when a tenth of its tasks has failed, so a failed check of many rows would leave the job
// waiting for ever. Hence the check never fails: it writes what it has found into the library (--record --failed-ok).
// The chunks read it (--checked), and if it was bad they end at once with its sentence and do fail, so that the tenth is
// soon reached. It also tells each chunk its own share of max_credits.

const JOB_TYPE = {
    label: "Triverse Batch",
    settings: [
        { key: "batch_file", type: "string", subtype: "file_path", required: true,
          description: "CSV or JSON Lines file, or folder of pictures, on storage that all workers see" },
        { key: "library", type: "string", subtype: "dir_path", required: true,
          description: "Asset library folder to write into, on storage that all workers see" },
        // Blender's // means "beside the .blend that is open", which no worker knows: these are made absolute in Blender,
        // when the job is submitted.
        { key: "absolute_batch_file", type: "string", visible: "hidden", eval: "str(abspath(settings.batch_file))",
          description: "The batch file's absolute path" },
        { key: "absolute_library", type: "string", visible: "hidden", eval: "str(abspath(settings.library))",
          description: "The library's absolute path" },
        { key: "rows", type: "int32", required: true, default: 1, propargs: { min: 1, max: 1000000 },
          eval: "(lambda path, os, io, csv, json, re: max(1, sum(len(files) for _, _, files in os.walk(path)) if " +
                "os.path.isdir(path) else (lambda head: (lambda text: (len(json.loads(text)) if re.match(r'\\s*\\[', " +
                "text) else len(re.findall(r'(?m)^\\{', text)) if re.match(r'\\s*\\{', text) else sum(any(row) for row in " +
                "csv.reader(io.StringIO(text, newline=''))) - 1))(open(path, newline='', errors='replace', encoding=" +
                "'utf-16' if head in (b'\\xff\\xfe', b'\\xfe\\xff') else 'utf-8-sig').read()))(open(path, 'rb').read(2))))" +
                "(str(abspath(settings.batch_file)), *map(__import__, ('os', 'io', 'csv', 'json', 're')))",
          evalInfo: { showLinkButton: true, description: "Count the rows when the job is submitted" },
          description: "Number of rows. It counts itself; too large does no harm" },
        { key: "chunk_size", type: "int32", default: 25, propargs: { min: 1, max: 100000 }, visible: "submission",
          description: "Number of rows in one task. Fewer than 25 cost time: each task starts a Blender" },
        { key: "jobs", type: "int32", default: 4, propargs: { min: 1, max: 500 }, visible: "submission",
          description: "Models that each task has under way at the service at once" },
        { key: "max_credits", type: "int32", default: 0, propargs: { min: 0 }, visible: "submission",
          description: "Order nothing if all rows together cost more credits than this. 0 for any price" },
        { key: "retry_failed", type: "bool", default: false, visible: "submission",
          description: "Only rows that failed in an earlier job, and those again" },
        { key: "data_folder", type: "string", subtype: "dir_path", default: "", visible: "submission",
          description: "Where each worker keeps its tasks and downloads: a folder of the worker itself, never a shared " +
                       "one. Empty for the add-on's usual folder" },
        { key: "options", type: "string", default: "", visible: "submission",
          description: "More options of 'triverse batch', such as --set polygon_limit=20000" },
    ]
};

function compileJob(job) {
    if (typeof shellSplit !== "function") {
        throw "Triverse Batch needs Flamenco 3.6 or newer.";
    }
    const settings = withAbsolutePaths(job.settings);
    const rows = Number(settings.rows);
    const chunkSize = Number(settings.chunk_size || 25);
    for (const key of ["batch_file", "library", "data_folder", "options"]) {
        if (settings[key] && typeof settings[key] !== "string") {
            throw `${key} must be a text`;
        }
    }
    if (!settings.batch_file || !settings.library) {
        throw "batch_file and library must be set";
    }
    if (!(rows >= 1 && chunkSize >= 1)) {
        throw `rows and chunk_size must be at least 1, not ${settings.rows} and ${settings.chunk_size}`;
    }

    // Everything is checked, and the whole price looked at, before the first row is ordered.
    const check = authorTask("check", settings, checkArguments(settings));
    job.addTask(check);

    const chunks = [];
    for (let first = 1; first <= rows; first += chunkSize) {
        const last = Math.min(first + chunkSize - 1, rows);
        // The last chunk is open at its end, for a file that has grown since its rows were counted.
        const range = last === rows ? `${first}:` : `${first}:${last}`;
        const chunk = authorTask(`rows-${first}-${last}`, settings, chunkArguments(settings, range));
        chunk.addDependency(check);
        job.addTask(chunk);
        chunks.push(chunk);
    }

    // One task after all others: one report, the catalogs, the contact sheets. It fails if a row has.
    const merge = authorTask("merge", settings, ["--merge"]);
    for (const chunk of chunks) {
        merge.addDependency(chunk);
    }
    job.addTask(merge);
}

function withAbsolutePaths(given) {
    const settings = Object.assign({}, given);
    settings.batch_file = given.absolute_batch_file || given.batch_file;
    settings.library = given.absolute_library || given.library;
    for (const key of ["batch_file", "library", "data_folder"]) {
        const path = settings[key];
        // On the way through a text field of the web page or of a script, // stays as it is.
        if (typeof path === "string" && path.startsWith("//")) {
            throw `${key} is ${path}, which means beside a .blend that no worker knows. Give its absolute path.`;
        }
    }
    return settings;
}

function authorTask(name, settings, more) {
    const task = author.Task(name, "blender");
    task.addCommand(author.Command("exec", {
        exe: "{blender}",
        args: ["--background", "--online-mode", "--command", "triverse", "batch", settings.batch_file,
               "--library", settings.library].concat(more, commonArguments(settings)),
    }));
    return task;
}

function commonArguments(settings) {
    const data = settings.data_folder ? ["--data", settings.data_folder] : [];
    return data.concat(settings.options ? shellSplit(settings.options) : []);
}

function checkArguments(settings) {
    const limit = Number(settings.max_credits || 0);
    const retry = settings.retry_failed ? ["--retry-failed"] : [];
    return ["--dry-run", "--record", "--failed-ok"].concat(retry, limit > 0 ? ["--max-credits", `${limit}`] : []);
}

function chunkArguments(settings, range) {
    const retry = settings.retry_failed ? ["--retry-failed"] : [];
    // A row that fails for good must not have the whole chunk tried again on every worker: the merge tells of it.
    return ["--rows", range, "--jobs", `${Number(settings.jobs || 4)}`, "--checked", "--failed-ok"].concat(retry);
}
