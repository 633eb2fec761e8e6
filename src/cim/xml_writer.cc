#include "cim/xml_writer.h"

#include "base/check.h"

namespace reviver::cim {

namespace {

bool fits_xml(unsigned char c) {
    return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
}

// U+FFFE and U+FFFF are no characters of XML 1.0: EF BF BE and EF BF BF.
bool is_noncharacter(std::string_view text, std::size_t at) {
    return text.substr(at, 2) == "\xef\xbf" && at + 2 < text.size() &&
           (text[at + 2] == '\xbe' || text[at + 2] == '\xbf');
}

}  // namespace

std::string escape_xml(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 16);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
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
        else if (is_noncharacter(text, i))
            out += '?', i += 2;
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
