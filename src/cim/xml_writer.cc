#include "cim/xml_writer.h"

#include "base/check.h"
#include "cim/text_encoding.h"

namespace reviver::cim {

namespace {

bool fits_xml(unsigned char c) {
    return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
}

// Moves what is beyond ASCII from the front of `rest` to `out`, as it is when XML 1.0 has it:
// U+FFFE and U+FFFF it has not, and what is no UTF-8 neither.
void move_character(std::string_view& rest, std::string& out) {
    const std::string_view before = rest;
    const std::uint32_t code = take_utf8(rest);
    if (code == no_character) rest.remove_prefix(1);
    if (code == no_character || code == 0xfffe || code == 0xffff)
        out += '?';
    else
        out += before.substr(0, before.size() - rest.size());
}

}  // namespace

std::string escape_xml(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 16);
    while (!text.empty()) {
        const char c = text.front();
        if (static_cast<unsigned char>(c) >= 0x80) {
            move_character(text, out);
            continue;
        }
        text.remove_prefix(1);
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else if (c == '\r')
            out += "&#13;";
        else if (c == '\n')
            out += "&#10;";
        else if (c == '\t')
            out += "&#9;";
        else if (!fits_xml(static_cast<unsigned char>(c)))
            out += '?';
        else
            out += c;
    }
    return out;
}

XmlWriter& XmlWriter::open(std::string_view name) {
    finish_start();
    out_ += '<';
    out_ += name;
    open_.emplace_back(name);
    in_start_ = true;
    return *this;
}

XmlWriter& XmlWriter::attribute(std::string_view name, std::string_view value) {
    REVIVER_CHECK(in_start_);
    out_ += ' ';
    out_ += name;
    out_ += "=\"";
    out_ += escape_xml(value);
    out_ += '"';
    return *this;
}

XmlWriter& XmlWriter::text(std::string_view text) {
    finish_start();
    out_ += escape_xml(text);
    return *this;
}

XmlWriter& XmlWriter::markup(std::string_view finished_xml) {
    finish_start();
    out_ += finished_xml;
    return *this;
}

XmlWriter& XmlWriter::close() {
    REVIVER_CHECK(!open_.empty());
    if (in_start_) {
        out_ += "/>";
        in_start_ = false;
    } else {
        out_ += "</" + open_.back() + ">";
    }
    open_.pop_back();
    return *this;
}

XmlWriter& XmlWriter::element(std::string_view name, std::string_view content) {
    return open(name).text(content).close();
}

std::string XmlWriter::take() {
    REVIVER_CHECK(open_.empty());
    return std::move(out_);
}

void XmlWriter::finish_start() {
    if (in_start_) out_ += '>';
    in_start_ = false;
}

}  // namespace reviver::cim
