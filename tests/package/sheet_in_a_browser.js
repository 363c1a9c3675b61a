// SPDX-License-Identifier: GPL-3.0-or-later
//
// The little of a browser that the contact sheet's script asks for, so that the very script of the page can be run.
//
//     node sheet_in_a_browser.js < page.json > answers.json
//
// page.json: "script" (the page's), "items" (number, dataset and text of each), "steps" (["sort", key] or
// ["find", words]). Prints after each step the numbers of the items that can be seen, from top to bottom.

const vm = require("vm");
const page = JSON.parse(require("fs").readFileSync(0, "utf-8"));

class Element {
    constructor(dataset, textContent) {
        Object.assign(this, { dataset, textContent, hidden: false, children: [], listeners: {}, value: "" });
    }

    addEventListener(name, listener) {
        this.listeners[name] = listener;
    }

    appendChild(child) {
        // As in a browser, what is there already is moved to the end.
        this.children = this.children.filter(other => other !== child).concat([child]);
    }
}

const elements = { sheet: new Element({}, ""), sort: new Element({}, ""), find: new Element({}, "") };
page.items.forEach(item => elements.sheet.appendChild(new Element(item.dataset, item.text)));
vm.runInNewContext(page.script, { document: { getElementById: id => elements[id] } });
const answers = page.steps.map(([what, value]) => {
    const element = elements[what];
    element.value = value;
    element.listeners[what === "sort" ? "change" : "input"]({ target: element });
    return elements.sheet.children.filter(item => !item.hidden).map(item => Number(item.dataset.number));
});
process.stdout.write(JSON.stringify(answers));
