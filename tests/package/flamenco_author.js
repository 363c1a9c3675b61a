// SPDX-License-Identifier: GPL-3.0-or-later
//
// What Flamenco's manager offers to a job type script, after its documentation and its own job compilers: the global
// names author, path, print, alert and shellSplit. formatTimestampLocal and frameChunker are left out: nothing here
// asks for them.
//
//     node flamenco_author.js SCRIPT.js
//
// For each line of stdin, the settings of a job as JSON, it writes a line: the job type and the tasks, or the error.
// The script is compiled in strict mode, as Flamenco does, anew for each job, and gets nothing of Node.

const fs = require("fs");
const readline = require("readline");
const vm = require("vm");

class Task {
    constructor(name, type) {
        this.name = String(name).trim();
        this.type = String(type).trim();
        if (!this.name || !this.type) {
            throw new Error("author.Task(name, type): both are required");
        }
        this.commands = [];
        this.dependencies = [];
    }

    addCommand(command) {
        if (!(command instanceof Command)) {
            throw new Error("addCommand takes what author.Command made");
        }
        this.commands.push(command);
    }

    addDependency(task) {
        if (!(task instanceof Task)) {
            throw new Error("addDependency takes what author.Task made");
        }
        this.dependencies.push(task);
    }
}

class Command {
    constructor(name, parameters) {
        this.name = name;
        this.parameters = parameters;
    }
}

function shellSplit(text) {
    return (text.match(/"[^"]*"|'[^']*'|[^\s"']+/g) || []).map(word => word.replace(/^(["'])(.*)\1$/, "$2"));
}

const source = fs.readFileSync(process.argv[2], "utf-8");

function authored(settings) {
    const tasks = [];
    const job = {
        name: "a job",
        created: new Date(),
        settings: settings,
        metadata: {},
        addTask(task) {
            if (!(task instanceof Task)) {
                throw new Error("addTask takes what author.Task made");
            }
            // A copy, as in the manager: what is added to the task afterwards is lost.
            tasks.push({
                name: task.name,
                type: task.type,
                commands: JSON.parse(JSON.stringify(task.commands)),
                dependencies: task.dependencies.map(other => other.name),
            });
        },
    };
    const offered = {
        author: { Task: (name, type) => new Task(name, type), Command: (name, given) => new Command(name, given) },
        path: { basename: require("path").basename, dirname: require("path").dirname, join: require("path").join },
        print: (...words) => console.error(...words),
        alert: (...words) => console.error(...words),
        shellSplit,
    };
    // What a test takes away, as an older Flamenco lacks it.
    delete offered[job.settings.without];
    const world = vm.createContext(offered);
    vm.runInContext(`"use strict";\n${source}\nthis.offered = { JOB_TYPE, compileJob };`, world);
    world.offered.compileJob(job);
    return { jobType: world.offered.JOB_TYPE, tasks };
}

readline.createInterface({ input: process.stdin }).on("line", line => {
    let answer;
    try {
        answer = authored(JSON.parse(line));
    } catch (error) {
        answer = { error: String((error && error.stack) || error) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
});
